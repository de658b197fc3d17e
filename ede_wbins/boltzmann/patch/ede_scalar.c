/** @file ede_scalar.c Early dark energy as an exact scalar field (see ede_scalar.h)
 *
 * The background field is integrated on its own, beside everything else in closed form, and tabulated: once per trial
 * of (m, f) up to the peak, and once until today. CLASS's background then interpolates it.
 *
 * Perturbations are \f$ y = (\delta\theta, \chi) \f$ with \f$ \chi = \delta\theta' - \psi\theta' \f$ (synchronous gauge:
 * \f$ \psi = 0 \f$): \f$ \psi' \f$ then drops out of the Klein-Gordon equation, and \f$ \psi \f$ out of the
 * stress-energy tensor. */

#include "background.h"
#include "ede_scalar.h"

/** (H/curvature of the potential)^2 from where on the field moves */
#define _EDE_FROZEN_ 1e5
/** relative error per step */
#define _EDE_TOLERANCE_ 1e-10
/** largest step in ln(a) */
#define _EDE_MAX_STEP_ 0.1
/** most steps of an integration until today; up to the peak a few hundred are usual */
#define _EDE_MAX_STEPS_ 100000
#define _EDE_MAX_STEPS_PEAK_ 5000
/** maxima below the largest one after which the search for a larger one ends */
#define _EDE_LOWER_MAXIMA_ 6
/** fraction of the total density below which the field is averaged over oscillations */
#define _EDE_AVERAGED_ 1e-5
/** frequency in ln(a) above which it is, too: the background table has some 1200 nodes per unit */
#define _EDE_MAX_RATE_ 300.
/** perturbations inside the horizon are averaged once the scale factor has grown this much since the peak ... */
#define _EDE_AVERAGED_RATIO_ 4.
/** ... and k tau exceeds CLASS's trigger for radiation streaming by this: it takes no two approximations that start
    together */
#define _EDE_AVERAGED_TRIGGER_ 1.05
/** error of ln(share) and ln(a) at the peak that the root finding aims at */
#define _EDE_CONVERGED_ 1e-8
/** most iterations of each root finding, and most integrations in all */
#define _EDE_MAX_ITERATIONS_ 40
#define _EDE_MAX_TRIALS_ 600

/** state of the integration */
struct ede_state {
  double theta;    /**< phi/f */
  double rate;     /**< its derivative with respect to proper time */
};

/** \f$ [1-\cos\theta]^n \f$ and its first two derivatives */
static void ede_potential(double n,
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
static void ede_scalar_motion(struct ede_scalar * psc,
                              double all,
                              struct ede_state * state,
                              struct ede_state * change,
                              double * H) {

  double v, dv, ddv;

  ede_potential(psc->n,state->theta,&v,&dv,&ddv);
  *H = sqrt(all + psc->f2*(0.5*state->rate*state->rate + psc->m*psc->m*v));
  change->theta = state->rate/(*H);
  change->rate = -3.*state->rate - psc->m*psc->m*dv/(*H);
}

/**
 * Density, pressure and dp/dln(a) of a state.
 */
static void ede_scalar_fluid(struct ede_scalar * psc,
                             double theta,
                             double rate,
                             double dtheta_dlna,
                             double * rho,
                             double * p,
                             double * dp_dloga) {

  double v, dv, ddv;

  ede_potential(psc->n,theta,&v,&dv,&ddv);
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
static void ede_scalar_node(struct ede_scalar * psc,
                            double loga,
                            double all,
                            double sum,
                            struct ede_state * state,
                            struct ede_scalar_node * node) {

  struct ede_state change;
  double v, dv, ddv, H, dlnH;

  ede_scalar_motion(psc,all,state,&change,&H);
  ede_potential(psc->n,state->theta,&v,&dv,&ddv);
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
static void ede_scalar_between(struct ede_scalar_node * left,
                               struct ede_scalar_node * right,
                               double loga,
                               struct ede_state * state,
                               double * dtheta_dlna) {

  double step = right->loga-left->loga, t = (loga-left->loga)/step, slope;

  ede_hermite(left->rate,right->rate,t,step,&(state->rate),&slope);
  ede_hermite(left->theta,right->theta,t,step,&(state->theta),dtheta_dlna);
}

/**
 * Everything but the field: density and rho+p, curvature included as in ede_scalar_node().
 */
static int ede_scalar_others(struct background * pba,
                             double loga,
                             double * all,
                             double * sum,
                             double * rho,
                             double * p) {

  double a = exp(loga), curvature = -pba->K/a/a;

  class_call(ede_others(pba,a,_TRUE_,rho,p),
             pba->error_message,
             pba->error_message);
  *all = *rho + curvature;
  *sum = *rho + *p + 2./3.*curvature;

  return _SUCCESS_;
}

/**
 * How fast the fraction of the total density falls (up to a positive factor), and the fraction.
 */
static int ede_scalar_fraction(struct background * pba,
                               double loga,
                               struct ede_state * state,
                               double * fall,
                               double * fraction) {

  double all, sum, rho_others, p_others, rho, p, dp_dloga;

  class_call(ede_scalar_others(pba,loga,&all,&sum,&rho_others,&p_others),
             pba->error_message,
             pba->error_message);
  ede_scalar_fluid(&(pba->scalar),state->theta,state->rate,0.,&rho,&p,&dp_dloga);
  *fall = p/rho - p_others/rho_others;
  *fraction = rho/(rho+rho_others);

  return _SUCCESS_;
}

/**
 * Integrate the field from its frozen phase (Dormand and Prince, order 5(4)).
 *
 * @param pba        Input: background with everything else; scalar with m, f2, thetai
 * @param store      Input: stop after the peak, or store the steps until the field is to be averaged?
 * @param loga_peak  Output: ln(a) where the fraction is largest
 * @param f_peak     Output: that fraction
 */
static int ede_scalar_evolve(struct background * pba,
                             short store,
                             double * loga_peak,
                             double * f_peak) {

  static const double c[7] = {0.,1./5.,3./10.,4./5.,8./9.,1.,1.};
  static const double b[7][6] = {
    {0.},
    {1./5.},
    {3./40.,9./40.},
    {44./45.,-56./15.,32./9.},
    {19372./6561.,-25360./2187.,64448./6561.,-212./729.},
    {9017./3168.,-355./33.,46732./5247.,49./176.,-5103./18656.},
    {35./384.,0.,500./1113.,125./192.,-2187./6784.,11./84.}};
  static const double e[7] = {71./57600.,0.,-71./16695.,71./1920.,-17253./339200.,22./525.,-1./40.};

  struct ede_scalar * psc = &(pba->scalar);
  struct ede_state state, trial, change[7];
  struct ede_scalar_node old, next;
  double v, dv, ddv, all, sum, rho_others, p_others, H, loga, step, error, error_theta, error_rate;
  double fall, fall_old = -1., fraction, left, right, middle, f_middle = 0., slope;
  int i, j, index, max_steps = (store == _TRUE_) ? _EDE_MAX_STEPS_ : _EDE_MAX_STEPS_PEAK_, lower_maxima = 0;

  /* start: radiation dominates, the field is frozen and H is far above the curvature of the potential */
  ede_potential(psc->n,psc->thetai,&v,&dv,&ddv);
  class_call(ede_scalar_others(pba,-20.,&all,&sum,&rho_others,&p_others),
             pba->error_message,
             pba->error_message);
  loga = -20. + 0.25*log(all/(_EDE_FROZEN_*psc->m*psc->m*psc->n*(2.*psc->n+1.)*v/(1.-cos(psc->thetai))));
  loga = MIN(loga,-10.);
  class_call(ede_scalar_others(pba,loga,&all,&sum,&rho_others,&p_others),
             pba->error_message,
             pba->error_message);
  state.theta = psc->thetai - psc->m*psc->m*dv/(20.*all);
  state.rate = -psc->m*psc->m*dv/(5.*sqrt(all));
  ede_scalar_node(psc,loga,all,sum,&state,&old);
  psc->size = 0;
  if (store == _TRUE_)
    psc->nodes[psc->size++] = old;

  *loga_peak = 0.;
  *f_peak = 0.;
  step = 0.01;

  for (index=0; (index<max_steps) && (loga<0.); index++) {

    step = MIN(step,MIN(_EDE_MAX_STEP_,-loga));
    change[0].theta = old.theta[1];
    change[0].rate = old.rate[1];
    for (i=1; i<7; i++) {
      trial = state;
      for (j=0; j<i; j++) {
        trial.theta += step*b[i][j]*change[j].theta;
        trial.rate += step*b[i][j]*change[j].rate;
      }
      /* the last two stages are at the same time */
      if (i < 6) {
        class_call(ede_scalar_others(pba,loga+c[i]*step,&all,&sum,&rho_others,&p_others),
                   pba->error_message,
                   pba->error_message);
      }
      ede_scalar_motion(psc,all,&trial,&(change[i]),&H);
    }
    error_theta = 0.;
    error_rate = 0.;
    for (i=0; i<7; i++) {
      error_theta += step*e[i]*change[i].theta;
      error_rate += step*e[i]*change[i].rate;
    }
    error = MAX(fabs(error_theta)/(fabs(trial.theta)+fabs(change[6].theta*step)),
                fabs(error_rate)/(fabs(trial.rate)+fabs(change[6].rate*step)))/_EDE_TOLERANCE_;
    class_test(isfinite(error) == 0,
               pba->error_message,
               "the field cannot be followed at ln(a) = %g",loga);

    if (error > 1.) {
      step *= MAX(0.2,0.9*pow(error,-0.2));
      continue;
    }

    loga = (step == -loga) ? 0. : loga+step;
    state = trial;
    ede_scalar_node(psc,loga,all,sum,&state,&next);

    /* a maximum of the fraction since the last step? */
    class_call(ede_scalar_fraction(pba,loga,&state,&fall,&fraction),
               pba->error_message,
               pba->error_message);
    if ((fall_old < 0.) && (fall >= 0.)) {
      left = old.loga;
      right = loga;
      while (right-left > 1e-11) {
        middle = 0.5*(left+right);
        ede_scalar_between(&old,&next,middle,&trial,&slope);
        class_call(ede_scalar_fraction(pba,middle,&trial,&slope,&f_middle),
                   pba->error_message,
                   pba->error_message);
        if (slope < 0.)
          left = middle;
        else
          right = middle;
      }
      lower_maxima++;
      if (f_middle > *f_peak) {
        *f_peak = f_middle;
        *loga_peak = middle;
        lower_maxima = 0;
      }
    }
    fall_old = fall;
    step *= MIN(5.,0.9*pow(MAX(error,1e-6),-0.2));
    old = next;

    if (store == _FALSE_) {
      if ((fraction < 0.5*(*f_peak)) || (lower_maxima >= _EDE_LOWER_MAXIMA_))
        return _SUCCESS_;
    }
    else {
      psc->nodes[psc->size++] = next;
      ede_potential(psc->n,state.theta,&v,&dv,&ddv);
      if ((fraction < MIN(_EDE_AVERAGED_,0.01*(*f_peak))) ||
          ((fraction < 0.1*(*f_peak)) && (psc->m*sqrt(fabs(ddv))/H > _EDE_MAX_RATE_)))
        break;
    }
  }
  class_test(index == max_steps,
             pba->error_message,
             "the field needs more than %d steps",max_steps);

  return _SUCCESS_;
}

/**
 * Maximum of the fraction for given ln(m), ln(f2), as the distance from the wanted one.
 *
 * @param x       Input: ln(m) and ln(f2)
 * @param target  Input: ln(a) of the peak and ln[fEDE/(1-fEDE)]
 * @param y       Output: what they are, minus the target
 */
static int ede_scalar_miss(struct background * pba,
                           double * x,
                           double * target,
                           double * y) {

  double loga_peak, f_peak;

  class_test(++(pba->scalar.trials) > _EDE_MAX_TRIALS_,
             pba->error_message,
             "no m and f found in %d trials",_EDE_MAX_TRIALS_);
  pba->scalar.m = exp(x[0]);
  pba->scalar.f2 = exp(x[1]);
  class_call(ede_scalar_evolve(pba,_FALSE_,&loga_peak,&f_peak),
             pba->error_message,
             pba->error_message);
  y[0] = loga_peak - target[0];
  y[1] = ((f_peak > 0.) ? log(f_peak/(1.-f_peak)) : -20.) - target[1];

  return _SUCCESS_;
}

/** Has the peak been found? */
static int ede_scalar_converged(double * y) {
  return (fabs(y[0]) < _EDE_CONVERGED_) && (fabs(y[1]) < _EDE_CONVERGED_);
}

/**
 * Broyden's method, steps limited, from the estimate x.
 *
 * @param slope  Input: estimate of d(y[0])/d(x[0]); d(y[1])/d(x[1]) is about 1
 */
static int ede_scalar_broyden(struct background * pba,
                              double slope,
                              double * target,
                              double * x,
                              double * y) {

  /* inverse of the Jacobian */
  double inverse[2][2] = {{1./slope,0.},{0.,1.}};
  double step[2], change[2], y_new[2], projected[2], length, norm;
  int i, iteration;

  class_call(ede_scalar_miss(pba,x,target,y),
             pba->error_message,
             pba->error_message);

  for (iteration=0; (iteration<_EDE_MAX_ITERATIONS_) && (ede_scalar_converged(y) == _FALSE_); iteration++) {

    for (i=0; i<2; i++)
      step[i] = -(inverse[i][0]*y[0] + inverse[i][1]*y[1]);
    length = MAX(fabs(step[0]),fabs(step[1]));
    for (i=0; i<2; i++) {
      step[i] /= MAX(1.,length);
      x[i] += step[i];
    }
    class_call(ede_scalar_miss(pba,x,target,y_new),
               pba->error_message,
               pba->error_message);
    for (i=0; i<2; i++) {
      change[i] = y_new[i]-y[i];
      y[i] = y_new[i];
    }

    /* the rank-one update that maps the change onto the step */
    for (i=0; i<2; i++)
      projected[i] = inverse[i][0]*change[0] + inverse[i][1]*change[1];
    norm = step[0]*projected[0] + step[1]*projected[1];
    if (fabs(norm) > 1e-3*(step[0]*step[0]+step[1]*step[1])) {
      double row[2];
      for (i=0; i<2; i++)
        row[i] = (step[0]*inverse[0][i] + step[1]*inverse[1][i])/norm;
      for (i=0; i<2; i++) {
        inverse[i][0] += (step[i]-projected[i])*row[0];
        inverse[i][1] += (step[i]-projected[i])*row[1];
      }
    }
  }

  return _SUCCESS_;
}

/**
 * One equation at a time: y[index] = 0 by bracketing in x[index] (Illinois' false position), for index 1 with
 * y[0] = 0 solved at each step. Slower than Broyden's method, but it takes any starting point.
 */
static int ede_scalar_bracket(struct background * pba,
                              int index,
                              double * target,
                              double * x,
                              double * y) {

  /* y[0] falls with ln(m), y[1] grows with ln(f2) */
  double sign = (index == 0) ? -1. : 1.;
  double left = 0., right = 0., y_left = 0., y_right = 0., step = 0.3;
  int iteration, has_left = _FALSE_, has_right = _FALSE_, side = 0;

  for (iteration=0; iteration<_EDE_MAX_ITERATIONS_; iteration++) {

    if (index == 1) {
      class_call(ede_scalar_bracket(pba,0,target,x,y),
                 pba->error_message,
                 pba->error_message);
    }
    else {
      class_call(ede_scalar_miss(pba,x,target,y),
                 pba->error_message,
                 pba->error_message);
    }
    if (fabs(y[index]) < 0.1*_EDE_CONVERGED_)
      break;

    if (sign*y[index] < 0.) {
      left = x[index];
      y_left = sign*y[index];
      has_left = _TRUE_;
      if (side == -1)
        y_right *= 0.5;
      side = -1;
    }
    else {
      right = x[index];
      y_right = sign*y[index];
      has_right = _TRUE_;
      if (side == 1)
        y_left *= 0.5;
      side = 1;
    }

    if ((has_left == _TRUE_) && (has_right == _TRUE_)) {
      x[index] = right - y_right*(right-left)/(y_right-y_left);
      /* a jump instead of a root */
      if (fabs(right-left) < 1e-12)
        break;
    }
    else {
      x[index] += (has_left == _TRUE_) ? step : -step;
      step *= 1.5;
      side = 0;
    }
  }

  return _SUCCESS_;
}

/**
 * Find m and f.
 *
 * The estimate is that of an oscillation that starts at z_c in radiation domination (equation 27 of arXiv:1806.10608,
 * F = 7/8, p = 1/2), where the field has lost a third of its energy.
 */
static int ede_scalar_solve(struct background * pba,
                            double fEDE,
                            double log10z_c) {

  struct ede_scalar * psc = &(pba->scalar);
  double target[2], x[2], y[2], start[2], v, dv, ddv, all, sum, rho, p, slope;

  target[0] = -log1p(pow(10.,log10z_c));
  target[1] = log(fEDE/(1.-fEDE));

  class_call(ede_scalar_others(pba,target[0],&all,&sum,&rho,&p),
             pba->error_message,
             pba->error_message);
  ede_potential(psc->n,psc->thetai,&v,&dv,&ddv);
  start[0] = 0.5*log(4.*rho/(1.-fEDE)*(5./8.)*psc->thetai/dv);
  start[1] = log(1.5*rho/v) + target[1] - 2.*start[0];
  slope = -1./(1.5*(1.+p/rho));

  x[0] = start[0];
  x[1] = start[1];
  psc->trials = 0;
  if ((ede_scalar_broyden(pba,slope,target,x,y) == _FAILURE_) || (ede_scalar_converged(y) == _FALSE_)) {
    x[0] = start[0];
    x[1] = start[1];
    class_call(ede_scalar_bracket(pba,1,target,x,y),
               pba->error_message,
               pba->error_message);
  }
  class_test((fabs(y[0]) > 1e-6) || (fabs(y[1]) > 1e-6),
             pba->error_message,
             "no m and f found for fEDE = %g, log10z_c = %g, thetai_ede = %g, n_ede = %g: the nearest has ln(a) off by %g, the fraction by %g",
             fEDE,log10z_c,psc->thetai,psc->n,y[0],y[1]);

  return _SUCCESS_;
}

/**
 * Tabulate the field until it is averaged.
 */
static int ede_scalar_tabulate(struct background * pba) {

  struct ede_scalar * psc = &(pba->scalar);
  double loga_peak, f_peak, p, dp_dloga;
  struct ede_scalar_node * last;

  class_alloc(psc->nodes,(_EDE_MAX_STEPS_+1)*sizeof(struct ede_scalar_node),pba->error_message);
  class_call_except(ede_scalar_evolve(pba,_TRUE_,&loga_peak,&f_peak),
                    pba->error_message,
                    pba->error_message,
                    ede_scalar_free(pba));
  /* what is not used would stay through the whole computation */
  class_realloc(psc->nodes,psc->size*sizeof(struct ede_scalar_node),pba->error_message);
  last = psc->nodes+psc->size-1;
  ede_scalar_fluid(psc,last->theta[0],last->rate[0],last->theta[1],&(psc->rho_end),&p,&dp_dloga);

  return _SUCCESS_;
}

void ede_scalar_free(struct background * pba) {

  free(pba->scalar.nodes);
  pba->scalar.nodes = NULL;
}

/**
 * Find m and f, and what is left of the field today.
 */
static int ede_scalar_close(struct background * pba,
                            double fEDE,
                            double log10z_c,
                            double * Omega_fill) {

  double H0_2 = pba->H0*pba->H0, Omega_all = *Omega_fill, theta, theta_prime, rho, p, dp_dloga, previous;
  int iteration;

  class_call(ede_scalar_solve(pba,fEDE,log10z_c),
             pba->error_message,
             pba->error_message);

  /* What is left depends on the late dark energy, some 1e-7 of it. */
  for (iteration=0; iteration<_EDE_MAX_ITERATIONS_; iteration++) {
    class_call(ede_scalar_tabulate(pba),
               pba->error_message,
               pba->error_message);
    ede_scalar_background(&(pba->scalar),1.,&theta,&theta_prime,&rho,&p,&dp_dloga);
    ede_scalar_free(pba);
    previous = pba->ede.Omega0;
    pba->ede.Omega0 = rho/H0_2;
    *Omega_fill = Omega_all - pba->ede.Omega0;
    if (fabs(pba->ede.Omega0-previous) < 1e-12)
      return _SUCCESS_;
  }
  class_stop(pba->error_message,
             "the density of EDE today does not converge: Omega = %g",pba->ede.Omega0);
}

/**
 * Find m and f and close the budget, when all other species are known.
 *
 * An error in the computation is kept for ede_scalar_init(): here it would count as wrong input.
 *
 * @param Omega_fill  Input/Output: dark energy that gives way to what is left of the field today
 */
void ede_scalar_read(struct background * pba,
                     double fEDE,
                     double log10z_c,
                     double thetai,
                     double * Omega_fill) {

  struct ede_scalar * psc = &(pba->scalar);

  psc->n = pba->ede.n;
  psc->w_n = pba->ede.w_n;
  psc->thetai = thetai;
  psc->nodes = NULL;
  psc->failed = _FALSE_;

  class_call_try(ede_scalar_close(pba,fEDE,log10z_c,Omega_fill),
                 pba->error_message,
                 psc->failure,
                 psc->failed = _TRUE_);

  psc->log10_m = log10(psc->m*_h_P_*_c_/(2.*_PI_*_eV_*_Mpc_over_m_));
  psc->log10_f = log10(sqrt(3.*psc->f2)*sqrt(_h_P_*pow(_c_,5)/(2.*_PI_*8.*_PI_*_G_))/_eV_);
}

/**
 * Prepare the background: raise what went wrong in the search for m and f, and tabulate the field.
 */
int ede_scalar_init(struct background * pba) {

  class_test(pba->scalar.failed == _TRUE_,
             pba->error_message,
             "%s",pba->scalar.failure);
  class_call(ede_scalar_tabulate(pba),
             pba->error_message,
             pba->error_message);

  return _SUCCESS_;
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
    *rho = psc->rho_end*exp(-3.*(1.+psc->w_n)*(loga-last->loga));
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

  ede_potential(psc->n,theta,&v,&dv,&ddv);
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

  ede_potential(psc->n,theta,&v,&dv,&ddv);
  kinetic = psc->f2*theta_prime*y[1]/a/a;
  potential = psc->f2*psc->m*psc->m*dv*y[0];

  *delta_rho = kinetic+potential;
  *delta_p = kinetic-potential;
  *rho_plus_p_theta = psc->f2*k*k*theta_prime*y[0]/a/a;
  *rho_plus_p = psc->f2*theta_prime*theta_prime/a/a;
}

/**
 * The same with the oscillations of the perturbation averaged out, deep inside the horizon: nothing but the change of
 * gauge by alpha, for which the background oscillates on, and pressure that balances gravity with the sound speed of
 * equation 23 of arXiv:1806.10608.
 *
 * @param rho       Input: density
 * @param w         Input: equation of state
 * @param dp_dloga  Input: dp/dln(a)
 * @param phi       Input: Newtonian potential
 * @param alpha     Input: (h'+6 eta')/(2 k^2) in synchronous, 0 in Newtonian gauge
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
                          double * delta_rho,
                          double * rho_plus_p_theta,
                          double * delta_p,
                          double * rho_plus_p) {

  double a2varpi2 = 2.*pow(psc->varpi0*pow(a,1.-3.*psc->w_n),2);
  double cs2 = (a2varpi2*(psc->n-1.)+k*k)/(a2varpi2*(psc->n+1.)+k*k);
  double gravity = (1.+psc->w_n)*rho*phi;

  *rho_plus_p = (1.+w)*rho;
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

  ede_potential(psc->n,theta,&v,&dv,&ddv);

  dy[0] = y[1] + psi*theta_prime;
  dy[1] = -2.*a_prime_over_a*y[1] - (k*k+a2m2*ddv)*y[0] - metric_continuity*theta_prime - a2m2*dv*psi;
}
