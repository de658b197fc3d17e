/** @file theta_s.c Reduced Hubble parameter for a given angular size of the sound horizon (see theta_s.h)
 *
 * What happened before recombination depends on densities, not on h, as long as dark energy is negligible there: the
 * sound horizon and the redshift of recombination are found once, and h then from the distance alone. */

#include "thermodynamics.h"
#include "perturbations.h"
#include "transfer.h"
#include "primordial.h"
#include "fourier.h"
#include "harmonic.h"
#include "lensing.h"
#include "distortions.h"
#include "output.h"
#include "theta_s.h"

#define _THETA_S_PASSES_ 2
#define _THETA_S_STEPS_ 20
#define _THETA_S_TOLERANCE_ 1e-10

/**
 * The universe at recombination.
 */
struct recombination {
  double z;        /**< redshift */
  double rs;       /**< comoving sound horizon in Mpc */
  double H;        /**< expansion rate in 1/Mpc */
  double rho_b;    /**< density of baryons (CLASS units) */
  double distance; /**< comoving angular diameter distance in Mpc */
  double rest;     /**< what all but late dark energy adds to h^2 */
};

/**
 * Distance to recombination for a value of h; with thermodynamics, recombination itself too.
 */
static int theta_s_pass(struct fzerofun_workspace * pfzw,
                        double h,
                        short with_thermodynamics,
                        struct recombination * prec,
                        ErrorMsg errmsg) {

  struct precision pr;
  struct background ba;
  struct thermodynamics th;
  struct perturbations pt;
  struct transfer tr;
  struct primordial pm;
  struct harmonic hr;
  struct fourier fo;
  struct lensing le;
  struct distortions sd;
  struct output op;
  double * pvecback;
  int status, last_index = 0, index;

  /* where background_init() fails it leaves some of its tables behind, and the rest must be NULL to be freed */
  memset(&ba,0,sizeof(struct background));
  class_sprintf(pfzw->fc.value[pfzw->unknown_parameters_index[0]],"%.20e",h);

  class_call(input_read_precisions(&(pfzw->fc),&pr,&ba,&th,&pt,&tr,&pm,&hr,&fo,&le,&sd,&op,errmsg),errmsg,errmsg);
  class_call(input_read_parameters(&(pfzw->fc),&pr,&ba,&th,&pt,&tr,&pm,&hr,&fo,&le,&sd,&op,errmsg),errmsg,errmsg);
  for (index=0; index<pfzw->fc.size; index++)
    pfzw->fc.read[index] = _FALSE_;

  ba.background_verbose = 0;
  th.thermodynamics_verbose = 0;
  th.hyrec_verbose = 0;

  class_call_except(background_init(&pr,&ba),
                    ba.error_message,
                    errmsg,
                    background_free(&ba);thermodynamics_free_input(&th);perturbations_free_input(&pt));

  prec->rest = h*h*(1.-ba.Omega0_lambda-ba.Omega0_fld);

  if (with_thermodynamics == _TRUE_) {
    class_call_except(thermodynamics_init(&pr,&ba,&th),
                      th.error_message,
                      errmsg,
                      background_free(&ba);thermodynamics_free_input(&th);perturbations_free_input(&pt));
    prec->z = th.z_rec;
    prec->rs = th.rs_rec;
    thermodynamics_free(&th);
  }
  else {
    thermodynamics_free_input(&th);
  }

  pvecback = (double *)malloc(ba.bg_size*sizeof(double));
  status = (pvecback == NULL) ? _FAILURE_
    : background_at_z(&ba,prec->z,long_info,inter_normal,&last_index,pvecback);
  if (status == _SUCCESS_) {
    prec->H = pvecback[ba.index_bg_H];
    prec->rho_b = pvecback[ba.index_bg_rho_b];
    prec->distance = pvecback[ba.index_bg_ang_distance]*(1.+prec->z);
  }
  free(pvecback);
  background_free(&ba);
  perturbations_free_input(&pt);

  class_test(status == _FAILURE_,
             errmsg,
             "no background at the redshift of recombination, %g",prec->z);

  return _SUCCESS_;
}

/**
 * Find h.
 *
 * Fails where a value of h on the way cannot be computed: CLASS's own search may then still get through.
 */
int theta_s_find_h(struct fzerofun_workspace * pfzw,
                   double * h,
                   ErrorMsg errmsg) {

  struct recombination first, now;
  double target = pfzw->target_value[0], guess, dh_dtheta, x, previous_x, theta2, previous_theta2, dx_dtheta2;
  int pass, step;

  class_call(input_get_guess(&guess,&dh_dtheta,pfzw,errmsg),errmsg,errmsg);

  for (pass=0; pass<_THETA_S_PASSES_; pass++) {

    class_call(theta_s_pass(pfzw,guess,_TRUE_,&first,errmsg),errmsg,errmsg);

    /* secant method for what late dark energy adds to h^2, in which theta^2 is nearly linear */
    now = first;
    theta2 = pow(100.*first.rs/first.distance,2);
    x = guess*guess-first.rest;
    dx_dtheta2 = dh_dtheta*guess/sqrt(theta2);
    for (step=0; (step<_THETA_S_STEPS_) && (fabs(sqrt(theta2)/target-1.) > _THETA_S_TOLERANCE_); step++) {
      previous_x = x;
      previous_theta2 = theta2;
      /* from far above it would end below 0 */
      x = MAX(x+(target*target-theta2)*dx_dtheta2,x/10.);
      guess = sqrt(first.rest+x);
      class_call(theta_s_pass(pfzw,guess,_FALSE_,&now,errmsg),errmsg,errmsg);
      theta2 = pow(100.*first.rs/now.distance,2);
      class_test(theta2 == previous_theta2,
                 errmsg,
                 "the distance to recombination does not depend on h near %g",guess);
      dx_dtheta2 = (x-previous_x)/(theta2-previous_theta2);
    }
    dh_dtheta = dx_dtheta2*sqrt(theta2)/guess;
    class_test(step == _THETA_S_STEPS_,
               errmsg,
               "no h found for 100*theta_s = %g",target);

    /* has the early universe stayed the same? */
    if ((fabs(now.H/first.H-1.) < 1e-7) && (fabs(now.rho_b/first.rho_b-1.) < 1e-7)) {
      *h = guess;
      return _SUCCESS_;
    }
  }

  class_stop(errmsg,"no h found for 100*theta_s = %g in %d passes",target,_THETA_S_PASSES_);
}
