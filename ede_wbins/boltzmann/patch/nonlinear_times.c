/** @file nonlinear_times.c Times at which HMcode is computed for binned w(z), and in between (see nonlinear.h)
 *
 * Edges put times close together, for linear perturbations. HMcode's correction is smooth over them, takes most of the
 * time of a nonlinear P(k), and CLASS draws splines through its times anyway. */

#include "background.h"
#include "fourier.h"

/** times of CLASS begin to give way so many of its steps before the first edge (two whole ones, see wbins_times.c) */
#define _NONLINEAR_BEFORE_ 3.

/** at so many last times it is computed in any case: a spline takes its slope today from them */
#define _NONLINEAR_LAST_ 3

/**
 * Choose the times: going back from today, each time that which lies nearest to one step of CLASS in ln(a) further.
 *
 * The first of those that P(k) is kept at is one of them: the others are then known, whatever came before.
 *
 * @param ppr Input: precision
 * @param pba Input: background
 * @param pfo Input and output: fourier structure, before any nonlinear power is computed
 * @param z   Input: redshifts of all times
 */
int nonlinear_choose_times(struct precision * ppr,
                           struct background * pba,
                           struct fourier * pfo,
                           double * z) {

  double step = ppr->perturbations_sampling_stepsize, ln_a, ln_a_chosen = 0.;
  double begin = -log1p(pba->wbins.z[pba->wbins.size-1])-_NONLINEAR_BEFORE_*step;
  int index, first_of_pk = pfo->tau_size-pfo->ln_tau_size;

  class_alloc(pfo->nonlinear.skipped,pfo->tau_size*sizeof(short),pfo->error_message);

  for (index=pfo->tau_size-1; index>=0; index--) {
    ln_a = -log1p(z[index]);
    pfo->nonlinear.skipped[index] =
      ((pfo->method == nl_HMcode) && (index < pfo->tau_size-_NONLINEAR_LAST_) && (index > 0) && (index != first_of_pk)
       && (ln_a > begin) && (ln_a_chosen-0.5*(ln_a-log1p(z[index-1])) < step)) ? _TRUE_ : _FALSE_;
    if (pfo->nonlinear.skipped[index] == _FALSE_)
      ln_a_chosen = ln_a;
  }

  return _SUCCESS_;
}

/**
 * Nonlinear power at a time at which it cannot be known: that of linear theory.
 */
static void nonlinear_leave_linear(struct fourier * pfo,
                                   int index_tau) {

  int index_pk, index_k, late = index_tau-(pfo->tau_size-pfo->ln_tau_size);

  for (index_pk=0; index_pk<pfo->pk_size; index_pk++) {
    pfo->k_nl[index_pk][index_tau] = _HUGE_;
    for (index_k=0; index_k<pfo->k_size; index_k++) {
      pfo->nl_corr_density[index_pk][index_tau*pfo->k_size+index_k] = 1.;
      if (late >= 0)
        pfo->ln_pk_nl[index_pk][late*pfo->k_size+index_k] = pfo->ln_pk_l[index_pk][late*pfo->k_size+index_k];
    }
  }
}

/**
 * Correction at the times that were left out, by splines through the others.
 *
 * @param pfo   Input and output: fourier structure, with nonlinear power at the chosen times
 * @param first Input: first time at which it was wanted and could be computed
 */
int nonlinear_interpolate(struct fourier * pfo,
                          int first) {

  double * tau, * k_nl, * correction, * second, * found, share;
  int index, index_pk, index_k, k_size = pfo->k_size, size, last = 0, late, linear;

  /* what could not be computed at the chosen time before is not known here either */
  for (; (first < pfo->tau_size-1) && (pfo->nonlinear.skipped[first] == _TRUE_); first++) {
    pfo->index_tau_min_nl = first+1;
    pfo->ln_tau_size_nl = MIN(pfo->tau_size-pfo->index_tau_min_nl,pfo->ln_tau_size);
  }

  /* nor is it while the nonlinear scale lies too far beyond the largest k: splines would ring from the step there */
  linear = first-1;
  for (index=first; index<pfo->tau_size; index++)
    for (index_pk=0; index_pk<pfo->pk_size; index_pk++)
      if ((pfo->nonlinear.skipped[index] == _FALSE_) && (pfo->k_nl[index_pk][index] == _HUGE_))
        linear = index;
  for (first=0; (first < pfo->tau_size) && ((first <= linear) || (pfo->nonlinear.skipped[first] == _TRUE_)); first++)
    if (pfo->nonlinear.skipped[first] == _TRUE_)
      nonlinear_leave_linear(pfo,first);

  for (index=first, size=0; index<pfo->tau_size; index++)
    size += (pfo->nonlinear.skipped[index] == _FALSE_) ? 1 : 0;
  if (size == pfo->tau_size-first)
    return _SUCCESS_;
  class_test(size < _NONLINEAR_LAST_,
             pfo->error_message,
             "nonlinear power could be computed at %d times only: a larger 'P_k_max_1/Mpc' reaches more",size);

  class_alloc(tau,2*size*(1+k_size)*sizeof(double),pfo->error_message);
  k_nl = tau+size;
  correction = k_nl+size;
  second = correction+size*k_size;

  for (index_pk=0; index_pk<pfo->pk_size; index_pk++) {

    for (index=first, size=0; index<pfo->tau_size; index++) {
      if (pfo->nonlinear.skipped[index] == _TRUE_)
        continue;
      tau[size] = pfo->tau[index];
      k_nl[size] = pfo->k_nl[index_pk][index];
      memcpy(correction+size*k_size,pfo->nl_corr_density[index_pk]+index*k_size,k_size*sizeof(double));
      size++;
    }
    class_call_except(array_spline_table_lines(tau,size,correction,k_size,second,_SPLINE_EST_DERIV_,pfo->error_message),
                      pfo->error_message,
                      pfo->error_message,
                      free(tau));

    for (index=first; index<pfo->tau_size; index++) {
      if (pfo->nonlinear.skipped[index] == _FALSE_)
        continue;
      found = pfo->nl_corr_density[index_pk]+index*k_size;
      class_call_except(array_interpolate_spline(tau,size,correction,second,k_size,pfo->tau[index],&last,
                                                 found,k_size,pfo->error_message),
                        pfo->error_message,
                        pfo->error_message,
                        free(tau));
      share = (pfo->tau[index]-tau[last])/(tau[last+1]-tau[last]);
      pfo->k_nl[index_pk][index] = (1.-share)*k_nl[last]+share*k_nl[last+1];
      late = index-(pfo->tau_size-pfo->ln_tau_size);
      for (index_k=0; (late >= 0) && (index_k<k_size); index_k++)
        pfo->ln_pk_nl[index_pk][late*k_size+index_k] =
          pfo->ln_pk_l[index_pk][late*k_size+index_k]+2.*log(found[index_k]);
    }
  }

  free(tau);

  return _SUCCESS_;
}
