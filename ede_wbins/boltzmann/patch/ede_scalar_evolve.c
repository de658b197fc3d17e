/** @file ede_scalar_evolve.c Early dark energy as an exact scalar field: its evolution in the background (see ede_scalar.h)
 *
 * The field is integrated on its own, beside everything else in closed form, and tabulated: once per trial of (m, f) up
 * to the peak, and once until today. CLASS's background then interpolates it. */

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

/**
 * Everything but the field: density and rho+p, curvature included as in ede_scalar_node().
 */
int ede_scalar_others(struct background * pba,
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
int ede_scalar_evolve(struct background * pba,
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
  /* where an earlier table ended: a time of its own for each would let the density today jump with the phase */
  double loga_end = (store == _TRUE_) ? psc->loga_end : 0.;
  int i, j, index, max_steps = (store == _TRUE_) ? _EDE_MAX_STEPS_ : _EDE_MAX_STEPS_PEAK_, lower_maxima = 0;

  /* start: radiation dominates, the field is frozen and H is far above the curvature of the potential */
  ede_scalar_potential(psc->n,psc->thetai,&v,&dv,&ddv);
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

  for (index=0; (index<max_steps) && (loga<loga_end); index++) {

    step = MIN(step,MIN(_EDE_MAX_STEP_,loga_end-loga));
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

    loga = (step == loga_end-loga) ? loga_end : loga+step;
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
      ede_scalar_potential(psc->n,state.theta,&v,&dv,&ddv);
      if ((psc->loga_end == 0.) &&
          ((fraction < MIN(_EDE_AVERAGED_,0.01*(*f_peak))) ||
           ((fraction < 0.1*(*f_peak)) && (psc->m*sqrt(fabs(ddv))/H > _EDE_MAX_RATE_))))
        break;
    }
  }
  class_test(index == max_steps,
             pba->error_message,
             "the field needs more than %d steps",max_steps);

  return _SUCCESS_;
}

/**
 * Tabulate the field until it is averaged.
 */
int ede_scalar_tabulate(struct background * pba) {

  struct ede_scalar * psc = &(pba->scalar);
  double loga_peak, f_peak, p, dp_dloga;
  struct ede_scalar_node * last, * shrunk;

  class_alloc(psc->nodes,(_EDE_MAX_STEPS_+1)*sizeof(struct ede_scalar_node),pba->error_message);
  class_call_except(ede_scalar_evolve(pba,_TRUE_,&loga_peak,&f_peak),
                    pba->error_message,
                    pba->error_message,
                    ede_scalar_free(pba));
  /* what is not used would stay through the whole computation */
  shrunk = (struct ede_scalar_node *)realloc(psc->nodes,psc->size*sizeof(struct ede_scalar_node));
  if (shrunk != NULL)
    psc->nodes = shrunk;
  last = psc->nodes+psc->size-1;
  psc->loga_end = last->loga;
  ede_scalar_fluid(psc,last->theta[0],last->rate[0],last->theta[1],&(psc->rho_end),&p,&dp_dloga);

  return _SUCCESS_;
}

void ede_scalar_free(struct background * pba) {

  free(pba->scalar.nodes);
  pba->scalar.nodes = NULL;
}
