/** @file ede_input.c Reads the parameters of early dark energy and closes the budget (see ede_fluid.h) */

#include "background.h"
#include "ede_fluid.h"
#include "ede_scalar.h"

/**
 * Density and pressure of everything but EDE.
 *
 * @param fill  Input: with the dark energy that closes the budget, or without?
 */
int ede_others(struct background * pba,
               double a,
               short fill,
               double * rho,
               double * p) {

  double H0_2 = pba->H0*pba->H0;
  double rho_r, rho_ncdm, p_ncdm, w_fld, dw_over_da, integral;
  int n_ncdm;

  rho_r = (pba->Omega0_g+pba->Omega0_ur+pba->Omega0_idr)*H0_2/pow(a,4);
  *rho = rho_r + (pba->Omega0_b+pba->Omega0_cdm+pba->Omega0_idm)*H0_2/pow(a,3);
  *p = rho_r/3.;

  for (n_ncdm=0; n_ncdm<pba->N_ncdm; n_ncdm++) {
    class_call(background_ncdm_momenta(pba->q_ncdm_bg[n_ncdm],pba->w_ncdm_bg[n_ncdm],pba->q_size_ncdm_bg[n_ncdm],
                                       pba->M_ncdm[n_ncdm],pba->factor_ncdm[n_ncdm],1./a-1.,
                                       NULL,&rho_ncdm,&p_ncdm,NULL,NULL),
               pba->error_message,
               pba->error_message);
    *rho += rho_ncdm;
    *p += p_ncdm;
  }

  if ((fill == _TRUE_) || (pba->ede.fill != ede_fill_lambda)) {
    *rho += pba->Omega0_lambda*H0_2;
    *p -= pba->Omega0_lambda*H0_2;
  }
  if (((fill == _TRUE_) || (pba->ede.fill != ede_fill_fld)) && (pba->Omega0_fld != 0.)) {
    class_call(background_w_fld(pba,a,&w_fld,&dw_over_da,&integral),
               pba->error_message,
               pba->error_message);
    *rho += pba->Omega0_fld*H0_2*exp(integral);
    *p += w_fld*pba->Omega0_fld*H0_2*exp(integral);
  }

  return _SUCCESS_;
}

/**
 * Frequency today of the oscillations, in 1/Mpc: equations 23 to 30 of arXiv:1806.10608.
 *
 * @param pede    Input: the fluid (n, a_c)
 * @param x_c     Input: proper time at a_c in Mpc
 * @param p       Input: a grows as t^p there
 * @param thetai  Input: initial field value over f
 */
static double ede_fluid_varpi0(struct ede_fluid * pede,
                               double x_c,
                               double p,
                               double thetai) {

  double n = pede->n, F = 7./8.;
  /* the powers of 1-cos(thetai) in mu and in varpi_0 cancel */
  double mu = sqrt((1.-F)*(6.*p+2.)*thetai/(n*sin(thetai)))/x_c;
  /* ln of the power of 2, of the gamma functions and of the last factor: n may be large */
  double ln_factor = lgamma((n+1.)/(2.*n)) - lgamma(1.+1./(2.*n))
    - (n*n+1.)/(2.*n)*log(2.) + 0.5*(1./n-1.)*log(3.)
    + (3.-6./(n+1.))*log(pede->a_c)
    + 0.5*(1./n-1.)*log1p(pow(pede->a_c,6.*n/(n+1.)));

  return mu*sqrt(_PI_)*exp(ln_factor);
}

/**
 * Read a number and test its range.
 */
static int ede_read_double(struct file_content * pfc,
                           char * name,
                           double lower,
                           double upper,
                           double * value,
                           int * found,
                           ErrorMsg errmsg) {
  double read;

  class_call(parser_read_double(pfc,name,&read,found,errmsg),
             errmsg,
             errmsg);
  if (*found == _TRUE_) {
    class_test((read <= lower) || (read >= upper),
               errmsg,
               "'%s' is %g, it must lie between %g and %g (both excluded)",name,read,lower,upper);
    *value = read;
  }

  return _SUCCESS_;
}

/**
 * Read the EDE parameters and close the budget: the density at a_c follows from fEDE in closed form, and the dark
 * energy that fills the budget gives way to what is left of EDE today. No shooting is needed.
 *
 * To be called when all other species are known, the equation of state of the late fluid included.
 */
int ede_read(struct file_content * pfc,
             struct precision * ppr,
             struct background * pba,
             ErrorMsg errmsg) {

  struct ede_fluid * pede = &(pba->ede);
  double fEDE = 0., log10z_c = 3.5, thetai = 2.83, varpi0 = 0.;
  double H0_2 = pba->H0*pba->H0;
  double a_ref, x_ref, x_today, share, rho, p, rho_late = 0., w_late = -1., Omega_fill = 0., Omega_late;
  double dw_over_da, integral = 0.;
  double Omega_r, x_c, exponent_p;
  double * pOmega_fill = NULL;
  int found, peak = _FALSE_, iteration;
  enum {radiation, full, number} frequency = radiation;
  char string[_ARGUMENT_LENGTH_MAX_];

  pede->scalar = _FALSE_;
  pba->scalar.matched = _FALSE_;
  pba->scalar.log10_m = NAN;
  pba->scalar.log10_f = NAN;
  pede->n = 3.;
  pede->rho_c = 0.;
  pede->f_max = 0.;
  pede->z_max = 0.;
  pede->Omega0 = 0.;

  /* read everything, so that fEDE = 0 is a legitimate point of a run that has EDE */

  class_call(parser_read_double(pfc,"fEDE",&fEDE,&found,errmsg),errmsg,errmsg);
  if (found == _FALSE_)
    return _SUCCESS_;
  class_test((fEDE < 0.) || (fEDE >= 1.),
             errmsg,
             "'fEDE' is %g, it must lie between 0 (included) and 1 (excluded)",fEDE);

  class_call(ede_read_double(pfc,"log10z_c",1.,8.,&log10z_c,&found,errmsg),errmsg,errmsg);
  class_test((found == _FALSE_) && (fEDE > 0.),
             errmsg,
             "'fEDE' = %g needs 'log10z_c'",fEDE);
  class_call(ede_read_double(pfc,"thetai_ede",0.,_PI_,&thetai,&found,errmsg),errmsg,errmsg);
  class_call(ede_read_double(pfc,"n_ede",1.,1e6,&(pede->n),&found,errmsg),errmsg,errmsg);

  class_call(parser_read_string(pfc,"ede_model",&string,&found,errmsg),errmsg,errmsg);
  if (found == _TRUE_) {
    pba->scalar.matched = (strcmp(string,"fluid_matched") == 0) ? _TRUE_ : _FALSE_;
    pede->scalar = ((strcmp(string,"scalar") == 0) || (pba->scalar.matched == _TRUE_)) ? _TRUE_ : _FALSE_;
    class_test((pede->scalar == _FALSE_) && (strcmp(string,"fluid") != 0),
               errmsg,
               "'ede_model' is '%s', it must be 'fluid', 'fluid_matched' or 'scalar'",string);
  }

  class_call(parser_read_string(pfc,"ede_definition",&string,&found,errmsg),errmsg,errmsg);
  if (found == _TRUE_) {
    peak = (strcmp(string,"peak") == 0) ? _TRUE_ : _FALSE_;
    class_test((peak == _FALSE_) && (strcmp(string,"at_zc") != 0),
               errmsg,
               "'ede_definition' is '%s', it must be 'at_zc' or 'peak'",string);
    class_test((pede->scalar == _TRUE_) && (peak == _FALSE_),
               errmsg,
               "'ede_definition' is '%s': with a scalar field in the background it can only be 'peak'",string);
  }

  class_call(parser_read_string(pfc,"varpi_ede",&string,&found,errmsg),errmsg,errmsg);
  if (found == _TRUE_) {
    class_test(pede->scalar == _TRUE_,
               errmsg,
               "'varpi_ede' is '%s': it belongs to 'ede_model = fluid', the scalar field has its own frequency",string);
    if (strcmp(string,"full") == 0)
      frequency = full;
    else if (strcmp(string,"radiation") != 0) {
      frequency = number;
      class_test((sscanf(string,"%lg",&varpi0) != 1) || (isfinite(varpi0) == 0) || (varpi0 < 0.),
                 errmsg,
                 "'varpi_ede' is '%s', it must be 'radiation', 'full' or a frequency in 1/Mpc that is not negative",string);
    }
  }

  if (fEDE == 0.)
    return _SUCCESS_;

  class_test(pba->Omega0_dcdmdr != 0.,
             errmsg,
             "EDE (fEDE = %g) beside decaying dark matter (Omega_dcdmdr = %g) is not supported",fEDE,pba->Omega0_dcdmdr);
  class_test(pba->Omega0_scf != 0.,
             errmsg,
             "EDE (fEDE = %g) beside a quintessence field (Omega_scf = %g) is not supported",fEDE,pba->Omega0_scf);

  if (pede->fill == ede_fill_lambda)
    pOmega_fill = &(pba->Omega0_lambda);
  if (pede->fill == ede_fill_fld)
    pOmega_fill = &(pba->Omega0_fld);
  /* bins with w = -1 everywhere have been turned into Lambda */
  if ((pede->fill == ede_fill_fld) && (pba->Omega0_fld == 0.)) {
    pede->fill = ede_fill_lambda;
    pOmega_fill = &(pba->Omega0_lambda);
  }
  class_test(pOmega_fill == NULL,
             errmsg,
             "EDE (fEDE = %g) needs a late dark energy that closes the budget: leave Omega_Lambda or Omega_fld unspecified",fEDE);
  Omega_fill = *pOmega_fill;

  pede->w_n = (pede->n-1.)/(pede->n+1.);

  /* as CLASS has it for its own approximations */
  class_test((pede->scalar == _FALSE_) &&
             (ppr->ede_fluid_trigger_tau_over_tau_k == ppr->radiation_streaming_trigger_tau_over_tau_k),
             errmsg,
             "'ede_fluid_trigger_tau_over_tau_k' and 'radiation_streaming_trigger_tau_over_tau_k' are both %g: two approximations cannot start at the same time",
             ppr->ede_fluid_trigger_tau_over_tau_k);

  /* small wavenumbers must start before EDE matters; the ratio grows as the scale factor */
  ppr->start_small_k_at_tau_c_over_tau_h = MIN(ppr->start_small_k_at_tau_c_over_tau_h,
                                               1e-4*MIN(1.,pow(10.,4.3-log10z_c)));

  /* fEDE is the fraction at a_ref, where (a_c/a)^{3(1+w_n)} is x_ref */
  a_ref = 1./(1.+pow(10.,log10z_c));
  class_call(ede_others(pba,a_ref,_FALSE_,&rho,&p),
             pba->error_message,
             errmsg);
  if (pede->fill == ede_fill_fld) {
    class_call(background_w_fld(pba,a_ref,&w_late,&dw_over_da,&integral),
               pba->error_message,
               errmsg);
  }
  share = fEDE/(1.-fEDE);

  if (pede->scalar == _TRUE_) {
    pede->a_c = a_ref;
    pede->rho_c = share*rho;
    ede_scalar_read(pba,fEDE,log10z_c,thetai,pOmega_fill);
    return _SUCCESS_;
  }

  Omega_late = Omega_fill;
  x_ref = 1.;

  /* The late dark energy at a_ref depends on what EDE leaves of it today, some 1e-8 of it: linear, but for the
     place of the peak, which repeating the step settles. */
  for (iteration=0; iteration<4; iteration++) {
    rho_late = Omega_late*H0_2*exp(integral);
    if (peak == _TRUE_) {
      /* the fraction is largest where EDE has the equation of state of all the rest */
      x_ref = (1.+pede->w_n)/(1.+(p+w_late*rho_late)/(rho+rho_late)) - 1.;
      class_test(x_ref <= 0.,
                 errmsg,
                 "'ede_definition = peak': with n_ede = %g the EDE fraction has no maximum at log10z_c = %g",pede->n,log10z_c);
    }
    pede->a_c = a_ref*pow(x_ref,1./(3.*(1.+pede->w_n)));
    x_today = pow(pede->a_c,3.*(1.+pede->w_n));
    pede->rho_c = share*(rho+rho_late)*(1.+x_ref)/(2.*x_ref);
    pede->Omega0 = 2.*x_today/(1.+x_today)*pede->rho_c/H0_2;
    Omega_late = Omega_fill - pede->Omega0;
  }
  *pOmega_fill = Omega_late;

  /* all neutrinos massless, as in the definition of the frequency by CAMB */
  Omega_r = pba->Omega0_g*(1.+3.044*7./8.*pow(4./11.,4./3.));
  exponent_p = 0.5;
  if (frequency == full) {
    class_call(ede_others(pba,pede->a_c,_FALSE_,&rho,&p),
               pba->error_message,
               errmsg);
    if (pede->a_c > Omega_r/(pba->Omega0_b+pba->Omega0_cdm+pba->Omega0_idm))
      exponent_p = 2./3.;
    x_c = exponent_p/sqrt(rho+rho_late+pede->rho_c);
  }
  else {
    x_c = pede->a_c*pede->a_c/(2.*pba->H0*sqrt(Omega_r));
  }
  pede->varpi0 = (frequency == number) ? varpi0 : ede_fluid_varpi0(pede,x_c,exponent_p,thetai);

  return _SUCCESS_;
}
