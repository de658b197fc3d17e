/** @file wbins.c Late dark energy whose equation of state is constant in redshift bins (see wbins.h) */

#include "background.h"
#include "wbins.h"

/** smallest distance in ln(1+z) between two edges, far above the gap around a jump */
#define _WBINS_MIN_SPACING_ 1e-6

/**
 * Read one of the two lists that describe the bins into an array of fixed size.
 */
static int wbins_read_list(struct file_content * pfc,
                           char * name,
                           int * size,
                           double * values,
                           ErrorMsg errmsg) {
  double * list;
  int index, found;

  class_call(parser_read_list_of_doubles(pfc,name,size,&list,&found,errmsg),
             errmsg,
             errmsg);
  class_test(found == _FALSE_,
             errmsg,
             "'fluid_equation_of_state = wbins' needs '%s', a list of numbers separated by commas",name);

  for (index=0; index<MIN(*size,_WBINS_MAX_); index++)
    values[index] = list[index];
  free(list);

  class_test(*size > _WBINS_MAX_,
             errmsg,
             "'%s' has %d entries, at most %d are allowed",name,*size,_WBINS_MAX_);

  return _SUCCESS_;
}

/**
 * Read the bins and prepare the closed form of the density.
 *
 * To be called once the budget equation is done and before the stock fluid input is read. If w = -1
 * everywhere the fluid is turned into Lambda, so that LambdaCDM is reproduced bit by bit.
 */
int wbins_read(struct file_content * pfc,
               struct background * pba,
               ErrorMsg errmsg) {

  struct wbins * pwb = &(pba->wbins);
  char string[_ARGUMENT_LENGTH_MAX_];
  double value, w_beyond = -1., y_previous = 0.;
  int found, index, w_size, edges = 0;

  pwb->size = 0;
  pwb->jump_size = 0;
  pwb->gamma_offset = 0.;
  pwb->width = 0.;

  class_call(parser_read_string(pfc,"fluid_equation_of_state",&string,&found,errmsg),
             errmsg,
             errmsg);
  if ((found == _FALSE_) || (strcmp(string,"wbins") != 0))
    return _SUCCESS_;

  class_test(pba->Omega0_lambda != 0.,
             errmsg,
             "'fluid_equation_of_state = wbins' has Omega_Lambda = %g beside it: set Omega_Lambda = 0, so that the binned fluid is the late dark energy",
             pba->Omega0_lambda);

  class_call(wbins_read_list(pfc,"wbins_z",&(pwb->size),pwb->z,errmsg),errmsg,errmsg);
  class_call(wbins_read_list(pfc,"wbins_w",&w_size,pwb->w,errmsg),errmsg,errmsg);
  class_test(w_size != pwb->size,
             errmsg,
             "'wbins_w' has %d entries and 'wbins_z' %d: give one w for each upper edge",w_size,pwb->size);

  class_call(parser_read_double(pfc,"wbins_w_beyond",&value,&found,errmsg),errmsg,errmsg);
  if (found == _TRUE_)
    w_beyond = value;
  class_test(w_beyond >= 0.,
             errmsg,
             "'wbins_w_beyond' is %g, it must be below 0: the fluid has to be negligible at early times",w_beyond);
  pwb->w[pwb->size] = w_beyond;

  class_call(parser_read_double(pfc,"wbins_width",&value,&found,errmsg),errmsg,errmsg);
  if (found == _TRUE_)
    pwb->width = value;
  class_test(pwb->width < 0.,
             errmsg,
             "'wbins_width' is %g, it must be 0 (sharp bins) or positive",pwb->width);

  /* the stock fluid would read these only for Omega_fld != 0 */
  class_call(parser_read_string(pfc,"use_ppf",&string,&found,errmsg),errmsg,errmsg);
  class_test((found == _TRUE_) && (string_begins_with(string,'y') == _FALSE_) && (string_begins_with(string,'Y') == _FALSE_),
             errmsg,
             "'use_ppf' is '%s': binned w(z) may cross -1 and needs 'use_ppf = yes'",string);
  class_call(parser_read_double(pfc,"c_gamma_over_c_fld",&value,&found,errmsg),errmsg,errmsg);
  class_call(parser_read_double(pfc,"cs2_fld",&value,&found,errmsg),errmsg,errmsg);

  class_call(parser_read_double(pfc,"w0_fld",&value,&found,errmsg),errmsg,errmsg);
  class_test(found == _TRUE_, errmsg, "'w0_fld' = %g is given beside 'wbins_w': binned w(z) takes no w0_fld",value);
  class_call(parser_read_double(pfc,"wa_fld",&value,&found,errmsg),errmsg,errmsg);
  class_test(found == _TRUE_, errmsg, "'wa_fld' = %g is given beside 'wbins_w': binned w(z) takes no wa_fld",value);

  for (index=0; index<pwb->size; index++) {
    class_test((pwb->z[index] <= 0.) || (pwb->z[index] > 1e5),
               errmsg,
               "upper edge %d in 'wbins_z' is %g, it must lie between 0 and 1e5",index+1,pwb->z[index]);
    pwb->y[index] = log1p(pwb->z[index]);
    class_test(pwb->y[index]-y_previous < _WBINS_MIN_SPACING_,
               errmsg,
               "the edges in 'wbins_z' must increase: edge %d is %.10g, the one before it %.10g",
               index+1,pwb->z[index],(index > 0) ? pwb->z[index-1] : 0.);
    y_previous = pwb->y[index];
  }

  /* neighbours with the same w are one bin: splitting a bin changes no digit */
  for (index=0; index<pwb->size; index++) {
    if (pwb->w[index] != pwb->w[index+1]) {
      pwb->z[edges] = pwb->z[index];
      pwb->y[edges] = pwb->y[index];
      pwb->w[edges] = pwb->w[index];
      edges++;
    }
  }
  pwb->w[edges] = w_beyond;
  pwb->size = edges;

  /* the same w everywhere is a fluid that CLASS has, or Lambda */
  if (edges == 0) {
    pba->w0_fld = w_beyond;
    if (w_beyond == -1.) {
      pba->Omega0_lambda = pba->Omega0_fld;
      pba->Omega0_fld = 0.;
    }
    return _SUCCESS_;
  }

  pwb->lnrho[0] = 0.;
  for (index=0; index<edges; index++)
    pwb->lnrho[index+1] = pwb->lnrho[index]
      + 3.*(1.+pwb->w[index])*(pwb->y[index]-((index > 0) ? pwb->y[index-1] : 0.));

  /* Gamma is exactly zero as long as w = -1, and the integrator measures errors relative to the variable
     itself: after the first jump no step would be small enough. */
  pwb->gamma_offset = _WBINS_GAMMA_OFFSET_;

  if (pwb->width == 0.) {
    pwb->jump_size = edges;
    for (index=0; index<edges; index++)
      pwb->jump_loga[edges-1-index] = -pwb->y[index];
  }

  return _SUCCESS_;
}

/** ln(1+exp(x)) without overflow */
static double softplus(double x) {
  return (x > 0.) ? x + log1p(exp(-x)) : log1p(exp(x));
}

/**
 * Equation of state, its derivative, and the integral that gives the density.
 *
 * Smoothed bins replace each step of w by a tanh in ln(1+z) of width/(1+z_i), whose integral is closed too.
 *
 * @param pwb        Input: the bins
 * @param a          Input: scale factor, 0 for the infinite past
 * @param w          Output: w(a)
 * @param dw_over_da Output: dw/da (0 for sharp bins: the jumps carry no source)
 * @param integral   Output: \f$ \int_a^1 3(1+w)/a da = \ln[\rho(a)/\rho(1)] \f$
 */
void wbins_w(struct wbins * pwb,
             double a,
             double * w,
             double * dw_over_da,
             double * integral) {

  double y, y_i, delta, step, t;
  int index;

  *w = pwb->w[pwb->size];
  *dw_over_da = 0.;
  *integral = 0.;

  /* infinite past: only w has a meaning */
  if (a <= 0.)
    return;

  y = -log(a);

  if (pwb->width == 0.) {
    for (index=0; (index < pwb->size) && (y >= pwb->y[index]); index++);
    y_i = (index > 0) ? pwb->y[index-1] : 0.;
    *w = pwb->w[index];
    *integral = pwb->lnrho[index] + 3.*(1.+pwb->w[index])*(y-y_i);
    return;
  }

  *integral = 3.*(1.+*w)*y;
  for (index=0; index<pwb->size; index++) {
    y_i = pwb->y[index];
    delta = pwb->width/(1.+pwb->z[index]);
    step = pwb->w[index]-pwb->w[index+1];
    t = (y-y_i)/delta;
    *w += step*0.5*(1.-tanh(t));
    *dw_over_da += step*0.5/(delta*a*pow(cosh(MIN(fabs(t),300.)),2));
    *integral += 3.*step*(y - 0.5*delta*(softplus(2.*t)-softplus(-2.*y_i/delta)));
  }
}
