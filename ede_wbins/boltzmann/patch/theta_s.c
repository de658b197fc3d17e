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

  ba.shooting_failed = _FALSE_;
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
                    background_free_input(&ba);thermodynamics_free_input(&th);perturbations_free_input(&pt));

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
  double target = pfzw->target_value[0], guess, dh_dtheta, previous, theta, previous_theta;
  int pass, step;

  class_call(input_get_guess(&guess,&dh_dtheta,pfzw,errmsg),errmsg,errmsg);

  for (pass=0; pass<_THETA_S_PASSES_; pass++) {

    class_call(theta_s_pass(pfzw,guess,_TRUE_,&first,errmsg),errmsg,errmsg);

    /* secant method over the distance */
    now = first;
    theta = 100.*first.rs/first.distance;
    for (step=0; (step<_THETA_S_STEPS_) && (fabs(theta/target-1.) > _THETA_S_TOLERANCE_); step++) {
      previous = guess;
      previous_theta = theta;
      guess -= (theta-target)*dh_dtheta;
      class_call(theta_s_pass(pfzw,guess,_FALSE_,&now,errmsg),errmsg,errmsg);
      theta = 100.*first.rs/now.distance;
      class_test(theta == previous_theta,
                 errmsg,
                 "the distance to recombination does not depend on h near %g",guess);
      dh_dtheta = (guess-previous)/(theta-previous_theta);
    }
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
