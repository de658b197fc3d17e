/** @file ede_scalar_solve.c Early dark energy as an exact scalar field: m and f from the wanted peak (see ede_scalar.h) */

#include "background.h"
#include "ede_scalar.h"

/** error of ln(share) and ln(a) at the peak that the root finding aims at */
#define _EDE_CONVERGED_ 1e-8
/** most iterations of each root finding, and most integrations in all */
#define _EDE_MAX_ITERATIONS_ 40
#define _EDE_MAX_TRIALS_ 600

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
  ede_scalar_potential(psc->n,psc->thetai,&v,&dv,&ddv);
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
  psc->loga_end = 0.;
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
