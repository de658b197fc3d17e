/** @file whole_run.c All that the package calls in CLASS, for one input file, and every structure freed at the end
 *
 * Prints `computed` or CLASS's error, and exits with 0 in both cases: anything else is a crash. */

#include "class.h"
#include "equivalent_w.h"
#include "renew.h"

struct whole {
  struct precision pr;
  struct background ba;
  struct thermodynamics th;
  struct perturbations pt;
  struct primordial pm;
  struct fourier fo;
  struct transfer tr;
  struct harmonic hr;
  struct lensing le;
  struct distortions sd;
  struct output op;
};

static int compute(struct whole * p, ErrorMsg errmsg) {

  double z[3] = {0.,1.,10.}, w[3];

  class_call(background_init(&p->pr,&p->ba),p->ba.error_message,errmsg);
  class_call(thermodynamics_init(&p->pr,&p->ba,&p->th),p->th.error_message,errmsg);
  class_call(equivalent_w(&p->ba,p->th.z_rec,3,z,w),p->ba.error_message,errmsg);
  class_call(perturbations_init(&p->pr,&p->ba,&p->th,&p->pt),p->pt.error_message,errmsg);
  class_call(renew_prepare(&p->pr,&p->ba,&p->th,&p->pt,&p->fo,&p->tr,errmsg),errmsg,errmsg);

  for (; p->pm.n_s<0.99; p->pm.n_s+=0.02) {
    class_call(renew_spectra(&p->pr,&p->ba,&p->th,&p->pt,&p->pm,&p->fo,&p->tr,&p->hr,&p->le,errmsg),errmsg,errmsg);
  }

  return _SUCCESS_;
}

static void clean(struct whole * p) {

  if (p->le.is_allocated == _TRUE_) lensing_free(&p->le);
  if (p->hr.is_allocated == _TRUE_) harmonic_free(&p->hr);
  if (p->tr.is_allocated == _TRUE_) transfer_free(&p->tr);
  if (p->fo.is_allocated == _TRUE_) fourier_free(&p->fo);
  if (p->pm.is_allocated == _TRUE_) primordial_free(&p->pm);
  if (p->pt.is_allocated == _TRUE_) perturbations_free(&p->pt);
  if (p->th.is_allocated == _TRUE_) thermodynamics_free(&p->th);
  if (p->ba.is_allocated == _TRUE_) background_free(&p->ba);
}

int main(int argc, char ** argv) {

  static struct whole w;
  ErrorMsg errmsg;

  /* A leak ends the process before what is in a buffer is written. */
  setbuf(stdout,NULL);

  if (input_init(argc,argv,&w.pr,&w.ba,&w.th,&w.pt,&w.tr,&w.pm,&w.hr,&w.fo,&w.le,&w.sd,&w.op,errmsg) == _FAILURE_) {
    printf("error: %s\n",errmsg);
    return 0;
  }
  if (compute(&w,errmsg) == _FAILURE_)
    printf("error: %s\n",errmsg);
  else
    printf("computed\n");
  clean(&w);

  return 0;
}
