/** @file ede_scalar.c Early dark energy as an exact scalar field: its equation of motion and its fluid (see ede_scalar.h) */

#include "background.h"
#include "ede_scalar.h"

/** \f$ [1-\cos\theta]^n \f$ and its first two derivatives */
void ede_scalar_potential(double n,
                          double theta,
                          double * v,
                          double * dv,
                          double * ddv) {

  double one_minus_cos = 2.*pow(sin(0.5*theta),2);
  double power = pow(one_minus_cos,n-1.);

  *v = power*one_minus_cos;
  *dv = n*power*sin(theta);
  *ddv = n*power*(n*(2.-one_minus_cos)-1.);
}

/**
 * Klein-Gordon and Friedmann equations: derivatives of theta and of its rate with respect to ln(a).
 *
 * @param all  Input: densities and curvature (-K/a^2) of everything else
 */
void ede_scalar_motion(struct ede_scalar * psc,
                       double all,
                       struct ede_state * state,
                       struct ede_state * change,
                       double * H) {

  double v, dv, ddv;

  ede_scalar_potential(psc->n,state->theta,&v,&dv,&ddv);
  *H = sqrt(all + psc->f2*(0.5*state->rate*state->rate + psc->m*psc->m*v));
  change->theta = state->rate/(*H);
  change->rate = -3.*state->rate - psc->m*psc->m*dv/(*H);
}

/**
 * Density, pressure and dp/dln(a) of a state.
 */
void ede_scalar_fluid(struct ede_scalar * psc,
                      double theta,
                      double rate,
                      double dtheta_dlna,
                      double * rho,
                      double * p,
                      double * dp_dloga) {

  double v, dv, ddv;

  ede_scalar_potential(psc->n,theta,&v,&dv,&ddv);
  *rho = psc->f2*(0.5*rate*rate + psc->m*psc->m*v);
  *p = psc->f2*(0.5*rate*rate - psc->m*psc->m*v);
  *dp_dloga = -psc->f2*(3.*rate*rate + 2.*psc->m*psc->m*dv*dtheta_dlna);
}

/**
 * All that a node holds, from a state.
 *
 * @param all    Input: densities and curvature (-K/a^2) of everything else
 * @param sum    Input: rho+p of everything else, with the curvature as (-K/a^2)*2/3
 */
void ede_scalar_node(struct ede_scalar * psc,
                     double loga,
                     double all,
                     double sum,
                     struct ede_state * state,
                     struct ede_scalar_node * node) {

  struct ede_state change;
  double v, dv, ddv, H, dlnH;

  ede_scalar_motion(psc,all,state,&change,&H);
  ede_scalar_potential(psc->n,state->theta,&v,&dv,&ddv);
  dlnH = -1.5*(sum + psc->f2*state->rate*state->rate)/(H*H);

  node->loga = loga;
  node->theta[0] = state->theta;
  node->theta[1] = change.theta;
  node->theta[2] = (change.rate - dlnH*state->rate)/H;
  node->rate[0] = state->rate;
  node->rate[1] = change.rate;
  node->rate[2] = -3.*change.rate - psc->m*psc->m*(ddv*change.theta - dv*dlnH)/H;
}

/**
 * Hermite interpolation of fifth order from values and two derivatives at both ends.
 *
 * @param t      Input: 0 at the left, 1 at the right
 * @param step   Input: distance of the ends
 * @param value  Output: the value
 * @param slope  Output: the first derivative
 */
static void ede_hermite(double * left, double * right, double t, double step, double * value, double * slope) {

  double d = right[0]-left[0], l1 = step*left[1], r1 = step*right[1];
  double l2 = 0.5*step*step*left[2], r2 = 0.5*step*step*right[2];
  double c3 = 10.*d-6.*l1-4.*r1-3.*l2+r2;
  double c4 = -15.*d+8.*l1+7.*r1+3.*l2-2.*r2;
  double c5 = 6.*d-3.*l1-3.*r1-l2+r2;

  *value = left[0] + t*(l1+t*(l2+t*(c3+t*(c4+t*c5))));
  *slope = (l1+t*(2.*l2+t*(3.*c3+t*(4.*c4+t*5.*c5))))/step;
}

/**
 * State between two nodes, and dtheta/dln(a).
 */
void ede_scalar_between(struct ede_scalar_node * left,
                        struct ede_scalar_node * right,
                        double loga,
                        struct ede_state * state,
                        double * dtheta_dlna) {

  double step = right->loga-left->loga, t = (loga-left->loga)/step, slope;

  ede_hermite(left->rate,right->rate,t,step,&(state->rate),&slope);
  ede_hermite(left->theta,right->theta,t,step,&(state->theta),dtheta_dlna);
}

/**
 * The field and its fluid at one time: frozen before the table, averaged over oscillations after it.
 *
 * @param psc          Input: the field
 * @param a            Input: scale factor
 * @param theta        Output: phi/f, 0 where averaged
 * @param theta_prime  Output: its derivative with respect to conformal time, 0 where averaged
 * @param rho          Output: density (CLASS units)
 * @param p            Output: pressure
 * @param dp_dloga     Output: dp/dln(a)
 */
void ede_scalar_background(struct ede_scalar * psc,
                           double a,
                           double * theta,
                           double * theta_prime,
                           double * rho,
                           double * p,
                           double * dp_dloga) {

  struct ede_scalar_node * first = psc->nodes;
  struct ede_scalar_node * last = psc->nodes+psc->size-1;
  struct ede_scalar_node * middle;
  struct ede_state state;
  double loga = log(a), growth, dtheta_dlna;

  if (loga > last->loga) {
    *theta = 0.;
    *theta_prime = 0.;
    *rho = ede_scalar_late_density(psc,a);
    *p = psc->w_n*(*rho);
    *dp_dloga = -3.*(1.+psc->w_n)*(*p);
    return;
  }

  if (loga <= first->loga) {
    /* theta - theta_i grows as a^4, the rate as a^2 */
    growth = exp(2.*(loga-first->loga));
    state.theta = psc->thetai + (first->theta[0]-psc->thetai)*growth*growth;
    state.rate = first->rate[0]*growth;
    dtheta_dlna = 4.*(first->theta[0]-psc->thetai)*growth*growth;
  }
  else {
    while (last-first > 1) {
      middle = first+(last-first)/2;
      if (middle->loga < loga)
        first = middle;
      else
        last = middle;
    }
    ede_scalar_between(first,last,loga,&state,&dtheta_dlna);
  }

  *theta = state.theta;
  *theta_prime = a*state.rate;
  ede_scalar_fluid(psc,state.theta,state.rate,dtheta_dlna,rho,p,dp_dloga);
}
