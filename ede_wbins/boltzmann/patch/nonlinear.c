/** @file nonlinear.c What the fitting formulas of nonlinear power see of the two dark energies (see nonlinear.h) */

#include "background.h"
#include "thermodynamics.h"
#include "fourier.h"
#include "input.h"
#include "hmcode.h"

/** redshift beyond which nothing is nonlinear */
#define _Z_NONLINEAR_ 200.

/** steps of the growth integration between two outputs, whose ratio of scale factors is 1.08 */
#define _GROWTH_STEPS_ 2

/** equations that HMcode integrates for it */
#define _GROWTH_SIZE_ 2

/**
 * Read our own option, and refuse what the equivalent w has not been thought through for.
 *
 * To be called once the nonlinear method has been read.
 */
int nonlinear_read(struct file_content * pfc,
                   struct background * pba,
                   struct fourier * pfo,
                   ErrorMsg errmsg) {

  pfo->nonlinear.binned = (pba->wbins.size > 0) ? _TRUE_ : _FALSE_;
  class_read_flag("nonlinear_to_z_max_pk",pfo->nonlinear.to_z_max);

  if ((pfo->nonlinear.binned == _FALSE_) || (pfo->method != nl_HMcode))
    return _SUCCESS_;

  class_test((pfo->hm_version != hmcode_version_2015) && (pfo->hm_version != hmcode_version_2020),
             errmsg,
             "'hmcode_version' with baryonic feedback is not supported with binned w(z): take '2020' or '2016'");
  class_test((pfo->hm_version == hmcode_version_2015)
             && (pfo->feedback != hmcode_emu_dmonly) && (pfo->feedback != hmcode_owls_dmonly),
             errmsg,
             "HMcode's baryonic feedback ('feedback model', 'eta_0', 'c_min') is not supported with binned w(z): leave it out");

  return _SUCCESS_;
}

/**
 * Equivalent w at all times of the fourier structure, and at which of them to compute nonlinear power.
 */
int nonlinear_init(struct precision * ppr,
                   struct background * pba,
                   struct thermodynamics * pth,
                   struct fourier * pfo) {

  double * z;
  int index;

  class_alloc(z,pfo->tau_size*sizeof(double),pfo->error_message);
  pfo->nonlinear.w_of_tau = (double *)malloc(pfo->tau_size*sizeof(double));
  class_test_except(pfo->nonlinear.w_of_tau == NULL,
                    pfo->error_message,
                    free(z),
                    "no memory for %d times",pfo->tau_size);
  for (index=0; index<pfo->tau_size; index++) {
    class_call_except(background_z_of_tau(pba,pfo->tau[index],z+index),
                      pba->error_message,
                      pfo->error_message,
                      free(z);free(pfo->nonlinear.w_of_tau));
    /* the linear perturbations start before last scattering, nonlinear ones long after */
    z[index] = MIN(MAX(z[index],0.),_Z_NONLINEAR_);
  }
  class_call_except(equivalent_w(pba,pth->z_rec,pfo->tau_size,z,pfo->nonlinear.w_of_tau),
                    pba->error_message,
                    pfo->error_message,
                    free(z);free(pfo->nonlinear.w_of_tau));
  class_call_except(nonlinear_choose_times(ppr,pba,pfo,z),
                    pfo->error_message,
                    pfo->error_message,
                    free(z);free(pfo->nonlinear.w_of_tau));
  free(z);

  /* today, for what is prepared before the loop over times */
  pfo->nonlinear.w = pfo->nonlinear.w_of_tau[pfo->tau_size-1];

  return _SUCCESS_;
}

void nonlinear_free(struct fourier * pfo) {

  if (pfo->nonlinear.binned == _TRUE_) {
    free(pfo->nonlinear.w_of_tau);
    free(pfo->nonlinear.skipped);
  }
}

/**
 * To be called for each time before its nonlinear power is computed, which it returns if it is to be.
 */
short nonlinear_time(struct fourier * pfo,
                     int index_tau) {

  if (pfo->nonlinear.binned == _TRUE_) {
    if (pfo->nonlinear.skipped[index_tau] == _TRUE_)
      return _FALSE_;
    pfo->nonlinear.w = pfo->nonlinear.w_of_tau[index_tau];
  }
  pfo->nonlinear.wanted =
    ((pfo->nonlinear.to_z_max == _TRUE_) && (index_tau >= pfo->tau_size-pfo->ln_tau_size)) ? _TRUE_ : _FALSE_;

  return _TRUE_;
}

/**
 * Logarithm of the linear power beyond the largest k: k^(n_s-4) ln^2(k/k_0), which cold dark matter
 * tends to, with k_0 from the slope at the largest k; where that is steeper already, a power law.
 */
double nonlinear_beyond_k_max(struct primordial * ppm,
                              struct fourier * pfo,
                              double * lnpk_l,
                              double k) {

  int last = pfo->k_size-1;
  double slope = (lnpk_l[last]-lnpk_l[last-1])/(pfo->ln_k[last]-pfo->ln_k[last-1]);
  double logarithmic = slope-(ppm->n_s-4.);
  double dlnk = log(k)-pfo->ln_k[last];

  if (logarithmic <= 0.)
    return lnpk_l[last]+slope*dlnk;
  return lnpk_l[last]+(ppm->n_s-4.)*dlnk+2.*log1p(0.5*logarithmic*dlnk);
}

/**
 * Late dark energy and matter of the models that the formulas were fitted to.
 *
 * @param pba      Input: background
 * @param pfo      Input: fourier structure, with the equivalent w of this time
 * @param pvecback Input: true background at this time
 * @param w        Output: equation of state of the late dark energy
 * @param Omega_m  Output: matter fraction
 * @param Omega_v  Output: dark energy fraction, all that is neither matter nor radiation
 */
void nonlinear_densities(struct background * pba,
                         struct fourier * pfo,
                         double * pvecback,
                         double * w,
                         double * Omega_m,
                         double * Omega_v) {

  double rho_crit = pvecback[pba->index_bg_rho_crit];

  if (pba->has_ede == _TRUE_)
    rho_crit -= pvecback[pba->index_bg_rho_ede];
  if (pfo->nonlinear.binned == _TRUE_) {
    *w = pfo->nonlinear.w;
    rho_crit += pba->Omega0_fld*pow(pba->H0,2)*pow(pvecback[pba->index_bg_a],-3.*(1.+*w))
      - pvecback[pba->index_bg_rho_fld];
  }
  *Omega_m = pvecback[pba->index_bg_Omega_m]*pvecback[pba->index_bg_rho_crit]/rho_crit;
  *Omega_v = 1.-*Omega_m-pvecback[pba->index_bg_Omega_r]*pvecback[pba->index_bg_rho_crit]/rho_crit;
}

/**
 * The model for which HMcode integrates its own growth factor.
 */
void nonlinear_hmcode_model(struct background * pba,
                            struct fourier * pfo,
                            struct hmcode_growth * phg) {

  if (pba->has_ede == _TRUE_)
    phg->Omega_m -= pba->ede.Omega0;
  if (pfo->nonlinear.binned == _TRUE_)
    phg->w0 = pfo->nonlinear.w;
}

/**
 * HMcode's growth factor and concentrations for the equivalent w of the time that is being computed.
 */
int nonlinear_hmcode_growth(struct precision * ppr,
                            struct background * pba,
                            struct fourier * pfo,
                            struct hmcode_workspace * phw) {

  if (phw->phg->w0 == pfo->nonlinear.w)
    return _SUCCESS_;

  phw->phg->w0 = pfo->nonlinear.w;
  class_call(hmcode_noradiation_growth_compute(pfo,phw),
             phw->phg->error_message,
             pfo->error_message);
  class_call(hmcode_dark_energy_correction(ppr,pba,pfo,phw),
             pfo->error_message,
             pfo->error_message);

  return _SUCCESS_;
}

/**
 * Integrate HMcode's growth factor from output to output with the classical method of Runge and Kutta.
 *
 * It is as smooth as a power law, and is needed for each equivalent w: CLASS's evolver costs ten times more.
 */
int nonlinear_growth_evolver(WBINS_EVOLVER_ARGUMENTS) {

  double k[4][_GROWTH_SIZE_], middle[_GROWTH_SIZE_], x = x_ini, step;
  int index_t, substep, index;

  class_test(neq > _GROWTH_SIZE_,
             errmsg,
             "%d equations for the growth factor, at most %d are expected",neq,_GROWTH_SIZE_);

  for (index_t=0; index_t<t_size; index_t++) {

    step = (t_vec[index_t]-x)/_GROWTH_STEPS_;
    for (substep=0; (substep<_GROWTH_STEPS_) && (step > 0.); substep++, x+=step) {
      class_call(derivs(x,y,k[0],parameters_and_workspace,errmsg),errmsg,errmsg);
      for (index=0; index<neq; index++)
        middle[index] = y[index]+0.5*step*k[0][index];
      class_call(derivs(x+0.5*step,middle,k[1],parameters_and_workspace,errmsg),errmsg,errmsg);
      for (index=0; index<neq; index++)
        middle[index] = y[index]+0.5*step*k[1][index];
      class_call(derivs(x+0.5*step,middle,k[2],parameters_and_workspace,errmsg),errmsg,errmsg);
      for (index=0; index<neq; index++)
        middle[index] = y[index]+step*k[2][index];
      class_call(derivs(x+step,middle,k[3],parameters_and_workspace,errmsg),errmsg,errmsg);
      for (index=0; index<neq; index++)
        y[index] += step/6.*(k[0][index]+2.*k[1][index]+2.*k[2][index]+k[3][index]);
    }

    x = t_vec[index_t];
    class_call(output(x,y,k[0],index_t,parameters_and_workspace,errmsg),errmsg,errmsg);
  }

  return _SUCCESS_;
}
