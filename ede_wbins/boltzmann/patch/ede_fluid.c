/** @file ede_fluid.c Early dark energy as the effective fluid of an oscillating axion-like field (see ede_fluid.h)
 *
 * Perturbations are \f$ y = (\delta, u) \f$ with \f$ u = (1+w)\theta \f$: \f$ 1+w \f$ vanishes before a_c, so that
 * \f$ \theta \f$ is no variable to integrate. */

#include "perturbations.h"
#include "ede_fluid.h"

/**
 * Density (CLASS units), equation of state and dw/dln(a).
 */
void ede_fluid_background(struct ede_fluid * pede,
                          double a,
                          double * rho,
                          double * w,
                          double * dw_over_dlna) {

  double x = pow(pede->a_c/a,3.*(1.+pede->w_n));
  double one_plus_w = (1.+pede->w_n)/(1.+x);

  *rho = 2.*pede->rho_c*(x/(1.+x));
  *w = one_plus_w-1.;
  *dw_over_dlna = 3.*one_plus_w*one_plus_w*x;
}

/**
 * Squared sound speed of the cycle average in its rest frame (equation 23 of arXiv:1806.10608).
 *
 * @param a_varpi  Input: frequency of the oscillations in conformal time
 */
double ede_fluid_sound_speed(double n,
                             double a_varpi,
                             double k) {

  double a2varpi2 = 2.*pow(a_varpi,2);

  return (a2varpi2*(n-1.)+k*k)/(a2varpi2*(n+1.)+k*k);
}

/**
 * What perturbations need: 1+w and w - c_a^2 without cancellation, and the c_s^2 of wavenumber k.
 */
void ede_fluid_coefficients(struct ede_fluid * pede,
                            double a,
                            double k,
                            struct ede_coefficients * c) {

  double x = pow(pede->a_c/a,3.*(1.+pede->w_n));

  c->source = (1.+pede->w_n)/(1.+x);
  c->w = c->source-1.;
  c->w_minus_ca2 = (1.+pede->w_n)*(x/(1.+x));
  c->cs2 = ede_fluid_sound_speed(pede->n,a*pede->varpi0*pow(a,-3.*pede->w_n),k);
  c->pressure = 0.;
}

/**
 * Largest EDE fraction and its redshift, from the background table.
 *
 * The fraction is stationary where EDE has the equation of state of the total.
 */
int ede_fluid_find_peak(struct background * pba) {

  struct ede_fluid * pede = &(pba->ede);
  double * row;
  double * pvecback;
  double f, left, right, middle;
  int index, index_max = 0, last_index = 0;

  for (index=0; index<pba->bt_size; index++) {
    row = pba->background_table+index*pba->bg_size;
    f = row[pba->index_bg_rho_ede]/row[pba->index_bg_rho_tot];
    if (f > pede->f_max) {
      pede->f_max = f;
      index_max = index;
    }
  }
  pede->z_max = pba->z_table[index_max];

  if ((index_max == 0) || (index_max == pba->bt_size-1))
    return _SUCCESS_;

  class_alloc(pvecback,pba->bg_size*sizeof(double),pba->error_message);
  left = pba->loga_table[index_max-1];
  right = pba->loga_table[index_max+1];
  while (right-left > 1e-12) {
    middle = 0.5*(left+right);
    class_call_except(background_at_z(pba,expm1(-middle),normal_info,inter_normal,&last_index,pvecback),
                      pba->error_message,
                      pba->error_message,
                      free(pvecback));
    if (pvecback[pba->index_bg_w_ede]*pvecback[pba->index_bg_rho_tot] < pvecback[pba->index_bg_p_tot])
      left = middle;
    else
      right = middle;
  }
  pede->f_max = pvecback[pba->index_bg_rho_ede]/pvecback[pba->index_bg_rho_tot];
  pede->z_max = expm1(-middle);
  free(pvecback);

  return _SUCCESS_;
}

/**
 * Adiabatic initial conditions: leading order of the synchronous solution in radiation domination, deep in the
 * frozen phase, moved to the Newtonian gauge by alpha (0 stays synchronous).
 */
void ede_fluid_initial(struct ede_fluid * pede,
                       double a,
                       double a_prime_over_a,
                       double k,
                       double tau,
                       double amplitude,
                       double alpha,
                       double * y) {

  struct ede_coefficients c;
  double denominator, ktau = k*tau;

  ede_fluid_coefficients(pede,a,k,&c);
  denominator = 64.+24.*pede->w_n+12.*c.cs2;

  y[0] = c.source*(-amplitude*ktau*ktau*(4.-3.*c.cs2)/denominator - 3.*a_prime_over_a*alpha);
  y[1] = c.source*(-amplitude*k*pow(ktau,3)*c.cs2/denominator + k*k*alpha);
}

/**
 * May the oscillations of wavenumber k be averaged out at this time?
 */
int ede_fluid_averaged(struct precision * ppr, double k, double tau) {
  return (ppr->radiation_streaming_approximation != rsa_none) &&
    (k*tau > ppr->ede_fluid_trigger_tau_over_tau_k);
}

/**
 * What the fluid does deep inside the horizon, oscillations averaged out: pressure balances gravity.
 *
 * @param phi    Input: Newtonian potential
 * @param alpha  Input: (h'+6 eta')/(2 k^2) in synchronous, 0 in Newtonian gauge
 * @param y      Output: delta and u
 */
void ede_fluid_streaming(struct ede_fluid * pede,
                         double a,
                         double a_prime_over_a,
                         double k,
                         double phi,
                         double alpha,
                         double * y) {

  struct ede_coefficients c;

  ede_fluid_coefficients(pede,a,k,&c);

  y[0] = c.source*(3.*a_prime_over_a*alpha - phi/c.cs2);
  y[1] = -c.source*k*k*alpha;
}

/**
 * Perturbed stress-energy tensor (CLASS units) in the current gauge, and rho+p. The rest-frame pressure has the same
 * k-dependent sound speed as the equations of motion.
 *
 * @param rho  Input: density that the variables are divided by
 */
void ede_fluid_stress(struct ede_coefficients * c,
                      double rho,
                      double a_prime_over_a,
                      double k,
                      double * y,
                      double * delta_rho,
                      double * rho_plus_p_theta,
                      double * delta_p,
                      double * rho_plus_p) {

  *delta_rho = rho*y[0];
  *rho_plus_p_theta = rho*y[1];
  *delta_p = rho*(c->cs2*y[0] + 3.*a_prime_over_a*(c->cs2-c->w+c->w_minus_ca2)*y[1]/k/k + c->pressure);
  *rho_plus_p = rho*c->source;
}

/**
 * Continuity and Euler equations.
 */
void ede_fluid_derivs(struct ede_coefficients * c,
                      double a_prime_over_a,
                      double k,
                      double metric_continuity,
                      double metric_euler,
                      double * y,
                      double * dy) {

  dy[0] = -(y[1]+c->source*metric_continuity)
    - 3.*a_prime_over_a*(c->cs2-c->w)*y[0]
    - 9.*a_prime_over_a*a_prime_over_a*(c->cs2-c->w+c->w_minus_ca2)*y[1]/k/k
    - 3.*a_prime_over_a*c->pressure;

  dy[1] = -a_prime_over_a*(1.-3.*c->cs2)*y[1]
    + 3.*a_prime_over_a*c->w_minus_ca2*y[1]
    + c->cs2*k*k*y[0]
    + c->source*metric_euler
    + k*k*c->pressure;
}
