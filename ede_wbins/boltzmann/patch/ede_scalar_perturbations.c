/** @file ede_scalar_perturbations.c Early dark energy as an exact scalar field: linear perturbations (see ede_scalar.h)
 *
 * They are \f$ y = (\delta\theta, \chi) \f$ with \f$ \chi = \delta\theta' - \psi\theta' \f$ (synchronous gauge:
 * \f$ \psi = 0 \f$): \f$ \psi' \f$ then drops out of the Klein-Gordon equation, and \f$ \psi \f$ out of the
 * stress-energy tensor. */

#include "background.h"
#include "ede_fluid.h"
#include "ede_scalar.h"

/** a matched fluid goes on once the scale factor has grown this much since the peak */
#define _EDE_MATCHED_RATIO_ 1.2
/** perturbations inside the horizon are averaged once the scale factor has grown this much since the peak ... */
#define _EDE_AVERAGED_RATIO_ 4.
/** ... and k tau exceeds CLASS's trigger for radiation streaming by this: it takes no two approximations that start
    together */
#define _EDE_AVERAGED_TRIGGER_ 1.05
/** averaged perturbations of less than this many times aH have not felt their pressure yet: they are adiabatic */
#define _EDE_ADIABATIC_ 3.

/**
 * Prepare what perturbations need once the background table is there: when to average, and the frequency then.
 */
int ede_scalar_finish(struct background * pba) {

  struct ede_scalar * psc = &(pba->scalar);
  struct ede_scalar_node * last = psc->nodes+psc->size-1;
  double n = psc->n, amplitude;

  /* the frequency for an amplitude at which V is a power law */
  amplitude = pow(pow(2.,n)*psc->rho_end/(psc->f2*psc->m*psc->m),0.5/n);
  psc->varpi0 = psc->m*pow(amplitude/sqrt(2.),n-1.)*0.5*sqrt(_PI_)
    *exp(lgamma((n+1.)/(2.*n))-lgamma(1.+1./(2.*n)))*exp(3.*psc->w_n*last->loga);

  class_call(background_tau_of_z(pba,expm1(-last->loga),&(psc->tau_end)),
             pba->error_message,
             pba->error_message);
  class_call(background_tau_of_z(pba,pba->ede.z_max/_EDE_AVERAGED_RATIO_,&(psc->tau_averaged)),
             pba->error_message,
             pba->error_message);
  class_call(background_tau_of_z(pba,pba->ede.z_max/_EDE_MATCHED_RATIO_,&(psc->tau_matched)),
             pba->error_message,
             pba->error_message);

  return _SUCCESS_;
}

/**
 * May the perturbations of wavenumber k be averaged over oscillations at this time?
 */
int ede_scalar_averaged(struct precision * ppr, struct ede_scalar * psc, double k, double tau) {
  return (tau > psc->tau_end) ||
    ((tau > psc->tau_averaged) && (k*tau > _EDE_AVERAGED_TRIGGER_*ppr->radiation_streaming_trigger_tau_over_tau_k));
}

/**
 * Adiabatic initial conditions: the field is dragged by the synchronous metric of radiation domination with
 * \f$ \theta' = -a^2 m^2 v_\theta \tau/5 \f$, whence
 * \f$ \delta\theta = h\,a^2 \tau^2 m^2 v_\theta/210 \f$; moved to the Newtonian gauge by alpha (0 stays synchronous).
 *
 * @param amplitude  Input: h/(k tau)^2*2 of the mode at early times
 */
void ede_scalar_initial(struct ede_scalar * psc,
                        double a,
                        double a_prime_over_a,
                        double theta,
                        double theta_prime,
                        double k,
                        double tau,
                        double amplitude,
                        double alpha,
                        double * y) {

  double v, dv, ddv, force;

  ede_scalar_potential(psc->n,theta,&v,&dv,&ddv);
  force = a*a*psc->m*psc->m*dv;

  y[0] = amplitude*k*k*pow(tau,4)*force/420. + theta_prime*alpha;
  y[1] = amplitude*k*k*pow(tau,3)*force/70. - (force+3.*a_prime_over_a*theta_prime)*alpha;
}

/**
 * Perturbed stress-energy tensor (CLASS units) in the current gauge, and rho+p.
 */
void ede_scalar_stress(struct ede_scalar * psc,
                       double a,
                       double theta,
                       double theta_prime,
                       double k,
                       double * y,
                       double * delta_rho,
                       double * rho_plus_p_theta,
                       double * delta_p,
                       double * rho_plus_p) {

  double v, dv, ddv, kinetic, potential;

  ede_scalar_potential(psc->n,theta,&v,&dv,&ddv);
  kinetic = psc->f2*theta_prime*y[1]/a/a;
  potential = psc->f2*psc->m*psc->m*dv*y[0];

  *delta_rho = kinetic+potential;
  *delta_p = kinetic-potential;
  *rho_plus_p_theta = psc->f2*k*k*theta_prime*y[0]/a/a;
  *rho_plus_p = psc->f2*theta_prime*theta_prime/a/a;
}

/**
 * Density of the late oscillations, extrapolated to any time.
 */
double ede_scalar_late_density(struct ede_scalar * psc,
                               double a) {
  return psc->rho_end*exp(-3.*(1.+psc->w_n)*(log(a)-psc->nodes[psc->size-1].loga));
}

/** Frequency of the late oscillations in conformal time. */
static double ede_scalar_frequency(struct ede_scalar * psc,
                                   double a) {
  return psc->varpi0*pow(a,1.-3.*psc->w_n);
}

/**
 * Go on with a fluid: from y of the field to its density and momentum, over the extrapolated late density.
 */
void ede_scalar_match(struct ede_scalar * psc,
                      double a,
                      double theta,
                      double theta_prime,
                      double k,
                      double * y) {

  double delta_rho, rho_plus_p_theta, delta_p, rho_plus_p, rho = ede_scalar_late_density(psc,a);

  ede_scalar_stress(psc,a,theta,theta_prime,k,y,&delta_rho,&rho_plus_p_theta,&delta_p,&rho_plus_p);
  y[0] = delta_rho/rho;
  y[1] = rho_plus_p_theta/rho;
}

/**
 * What the equations of the matched fluid take: the metric drives the field's own rho+p, which oscillates, so that energy
 * and momentum are conserved in its background; the pressure is that of the cycle average in the rest frame of cold dark
 * matter, where the oscillations of the background pressure are the same at all places at leading order.
 *
 * @param rho        Input: density of the field
 * @param w          Input: its equation of state
 * @param dp_dloga   Input: dp/dln(a)
 * @param theta_cdm  Input: velocity divergence of cold dark matter, 0 in its rest frame
 */
void ede_scalar_coefficients(struct ede_scalar * psc,
                             double a,
                             double a_prime_over_a,
                             double rho,
                             double w,
                             double dp_dloga,
                             double k,
                             double theta_cdm,
                             struct ede_coefficients * c) {

  double rho_late = ede_scalar_late_density(psc,a);

  c->source = (1.+w)*rho/rho_late;
  c->w = psc->w_n;
  c->w_minus_ca2 = 0.;
  c->cs2 = ede_fluid_sound_speed(psc->n,ede_scalar_frequency(psc,a),k);
  c->pressure = theta_cdm/k/k*a_prime_over_a*(dp_dloga + 3.*psc->w_n*(1.+w)*rho)/rho_late;
}

/**
 * The stress-energy tensor with the oscillations of the perturbation averaged out.
 *
 * Deep inside the horizon nothing but the change of gauge by alpha, for which the background oscillates on, and pressure
 * that balances gravity with the sound speed of equation 23 of arXiv:1806.10608. Outside of it that would not be
 * adiabatic, and what is left of a density of 1e-5 of the total is more than the perturbation of the total there.
 *
 * @param rho        Input: density
 * @param w          Input: equation of state
 * @param dp_dloga   Input: dp/dln(a)
 * @param phi        Input: Newtonian potential
 * @param alpha      Input: (h'+6 eta')/(2 k^2) in synchronous, 0 in Newtonian gauge
 * @param delta_b    Input: density contrast of baryons
 * @param theta_b    Input: their velocity divergence
 */
void ede_scalar_streaming(struct ede_scalar * psc,
                          double a,
                          double a_prime_over_a,
                          double rho,
                          double w,
                          double dp_dloga,
                          double k,
                          double phi,
                          double alpha,
                          double delta_b,
                          double theta_b,
                          double * delta_rho,
                          double * rho_plus_p_theta,
                          double * delta_p,
                          double * rho_plus_p) {

  double cs2 = ede_fluid_sound_speed(psc->n,ede_scalar_frequency(psc,a),k);
  double gravity = (1.+psc->w_n)*rho*phi;

  *rho_plus_p = (1.+w)*rho;
  if (k < _EDE_ADIABATIC_*a_prime_over_a) {
    *delta_rho = (1.+psc->w_n)*rho*delta_b;
    *rho_plus_p_theta = (1.+psc->w_n)*rho*theta_b;
    *delta_p = psc->w_n*(*delta_rho);
    return;
  }
  *delta_rho = 3.*a_prime_over_a*(*rho_plus_p)*alpha - gravity/cs2;
  *rho_plus_p_theta = -(*rho_plus_p)*k*k*alpha;
  *delta_p = -a_prime_over_a*dp_dloga*alpha - gravity;
}

/**
 * Linear Klein-Gordon equation.
 *
 * @param metric_continuity  Input: h'/2 in synchronous, -3 phi' in Newtonian gauge
 * @param metric_euler       Input: 0 in synchronous, k^2 psi in Newtonian gauge
 */
void ede_scalar_derivs(struct ede_scalar * psc,
                       double a,
                       double a_prime_over_a,
                       double theta,
                       double theta_prime,
                       double k,
                       double metric_continuity,
                       double metric_euler,
                       double * y,
                       double * dy) {

  double v, dv, ddv, a2m2 = a*a*psc->m*psc->m, psi = metric_euler/k/k;

  ede_scalar_potential(psc->n,theta,&v,&dv,&ddv);

  dy[0] = y[1] + psi*theta_prime;
  dy[1] = -2.*a_prime_over_a*y[1] - (k*k+a2m2*ddv)*y[0] - metric_continuity*theta_prime - a2m2*dv*psi;
}
