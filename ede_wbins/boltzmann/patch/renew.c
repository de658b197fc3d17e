/** @file renew.c Spectra for another primordial spectrum, from perturbations that are at hand (see renew.h)
 *
 * A_s and n_s enter after the perturbation module. Transfer functions depend on them through the nonlinear correction
 * of the lensing potential alone. */

#include "renew.h"

/**
 * Copy from the transfer functions that `ptr->kept` points to all those that do not feel nonlinear corrections, which
 * transfer_init() has left out.
 */
int renew_takes_over(struct perturbations * ppt,
                     struct transfer * ptr) {

  struct transfer * kept = ptr->kept;
  int index_md, index_ic, index_tt;
  size_t size, offset;

  for (index_md=0; index_md<ptr->md_size; index_md++) {
    for (index_ic=0; index_ic<ppt->ic_size[index_md]; index_ic++) {
      for (index_tt=0; index_tt<ptr->tt_size[index_md]; index_tt++) {
        if ((index_md == ppt->index_md_scalars) && (index_tt == ptr->index_tt_lcmb))
          continue;
        offset = (size_t)(index_ic*ptr->tt_size[index_md]+index_tt)*ptr->l_size[index_md];
        size = ptr->l_size[index_md]*ptr->q_size;
        memcpy(ptr->transfer[index_md]+offset*ptr->q_size,
               kept->transfer[index_md]+offset*ptr->q_size,
               size*sizeof(double));
        if (ptr->do_lcmb_full_limber == _TRUE_) {
          size = ptr->l_size[index_md]*ptr->q_size_limber;
          memcpy(ptr->transfer_limber[index_md]+offset*ptr->q_size_limber,
                 kept->transfer_limber[index_md]+offset*ptr->q_size_limber,
                 size*sizeof(double));
        }
      }
    }
  }

  return _SUCCESS_;
}

/**
 * Transfer functions for new nonlinear corrections.
 */
static int renew_transfer(struct precision * ppr,
                          struct background * pba,
                          struct thermodynamics * pth,
                          struct perturbations * ppt,
                          struct fourier * pfo,
                          struct transfer * ptr) {

  struct transfer before = *ptr;
  int status;

  ptr->is_allocated = _FALSE_;
  ptr->kept = &before;
  status = transfer_init(ppr,pba,pth,ppt,pfo,ptr);
  ptr->kept = NULL;
  transfer_free(&before);

  return status;
}

/**
 * Transfer functions without nonlinear corrections, which renew_spectra() adds.
 */
int renew_prepare(struct precision * ppr,
                  struct background * pba,
                  struct thermodynamics * pth,
                  struct perturbations * ppt,
                  struct fourier * pfo,
                  struct transfer * ptr,
                  ErrorMsg errmsg) {

  enum non_linear_method method = pfo->method;
  int status;

  class_test((ppt->has_tensors == _TRUE_) || (pfo->has_pk_eq == _TRUE_) ||
             (ppt->has_cl_number_count == _TRUE_) || (ppt->has_cl_lensing_potential == _TRUE_),
             errmsg,
             "spectra can be renewed for scalar modes without number counts, galaxy lensing and 'pk_eq'");

  pfo->method = nl_none;
  status = transfer_init(ppr,pba,pth,ppt,pfo,ptr);
  pfo->method = method;

  class_call(status,ptr->error_message,errmsg);

  return _SUCCESS_;
}

/**
 * All that follows the transfer functions, for the primordial spectrum that ppm now describes.
 *
 * When it fails, what has been freed is marked so: the rest can be freed as usual.
 */
int renew_spectra(struct precision * ppr,
                  struct background * pba,
                  struct thermodynamics * pth,
                  struct perturbations * ppt,
                  struct primordial * ppm,
                  struct fourier * pfo,
                  struct transfer * ptr,
                  struct harmonic * phr,
                  struct lensing * ple,
                  ErrorMsg errmsg) {

  class_test(ppm->primordial_spec_type != analytic_Pk,
             errmsg,
             "spectra can only be renewed for an analytic primordial spectrum");

  if (ple->is_allocated == _TRUE_)
    class_call(lensing_free(ple),ple->error_message,errmsg);
  if (phr->is_allocated == _TRUE_)
    class_call(harmonic_free(phr),phr->error_message,errmsg);
  if (pfo->is_allocated == _TRUE_)
    class_call(fourier_free(pfo),pfo->error_message,errmsg);
  if (ppm->is_allocated == _TRUE_)
    class_call(primordial_free(ppm),ppm->error_message,errmsg);

  class_call(primordial_init(ppr,ppt,ppm),ppm->error_message,errmsg);
  class_call(fourier_init(ppr,pba,pth,ppt,ppm,pfo),pfo->error_message,errmsg);
  if ((ptr->is_allocated == _TRUE_) && (pfo->method != nl_none) && (ppt->has_cl_cmb_lensing_potential == _TRUE_))
    class_call(renew_transfer(ppr,pba,pth,ppt,pfo,ptr),ptr->error_message,errmsg);
  class_call(harmonic_init(ppr,pba,ppt,ppm,pfo,ptr,phr),phr->error_message,errmsg);
  class_call(lensing_init(ppr,ppt,phr,pfo,ple),ple->error_message,errmsg);

  return _SUCCESS_;
}
