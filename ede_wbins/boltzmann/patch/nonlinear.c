/** @file nonlinear.c What the fitting formulas of nonlinear power see of the two dark energies (see nonlinear.h) */

#include "background.h"
#include "thermodynamics.h"
#include "fourier.h"
#include "input.h"
#include "hmcode.h"
#include "quadrature.h"

/** points of Gauss and Legendre in each panel of the distance integrals */
#define _PANEL_NODES_ 12

/** widest panel in ln(1+z) */
#define _PANEL_WIDTH_ 1.

/** accuracy of the equivalent w, far below what the fits can tell */
#define _EQUAL_TOLERANCE_ 1e-10

#define _EQUAL_MAX_ 100

/** redshift beyond which nothing is nonlinear */
#define _Z_NONLINEAR_ 200.

/** one point of a distance integral over x = ln(1+z) */
struct node {
  double x;
  double weight;  /**< of the quadrature, times dz/dx */
  double others;  /**< H^2 without late and early dark energy */
  double late;    /**< density of the late dark energy */
};

/** distances from any redshift to a common end */
struct distances {
  struct background * pba;
  double mu[_PANEL_NODES_], w8[_PANEL_NODES_]; /**< quadrature over [-1,1] */
  int panels;
  double * edges;            /**< of the panels, in ln(1+z), from 0 */
  struct node * nodes;       /**< of all panels */
  double w_min, w_max;       /**< range of the true w */
  double * pvecback;
};

/**
 * Read our own option, and refuse what the equivalent w has not been thought through for.
 *
 * To be called once the nonlinear method has been read.
 */
int nonlinear_read(struct file_content * pfc,
                   struct background * pba,
                   struct fourier * pfo,
                   ErrorMsg errmsg) {

  class_read_flag("nonlinear_to_z_max_pk",pfo->nonlinear.to_z_max);

  if ((pba->wbins.size == 0) || (pfo->method != nl_HMcode))
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
 * Fill the nodes of one panel.
 */
static int distances_panel(struct distances * pd,
                           double left,
                           double right,
                           struct node * nodes) {

  struct background * pba = pd->pba;
  double a, w, dw_over_da, integral;
  int index, last_index;

  for (index=0; index<_PANEL_NODES_; index++) {

    nodes[index].x = 0.5*(left+right) + 0.5*(right-left)*pd->mu[index];
    a = exp(-nodes[index].x);
    nodes[index].weight = 0.5*(right-left)*pd->w8[index]/a;

    class_call(background_at_z(pba,1./a-1.,normal_info,inter_normal,&last_index,pd->pvecback),
               pba->error_message,
               pba->error_message);
    class_call(background_w_fld(pba,a,&w,&dw_over_da,&integral),
               pba->error_message,
               pba->error_message);

    nodes[index].late = pba->Omega0_fld*pow(pba->H0,2)*exp(integral);
    nodes[index].others = pow(pd->pvecback[pba->index_bg_H],2) - pd->pvecback[pba->index_bg_rho_fld];
    if (pba->has_ede == _TRUE_)
      nodes[index].others -= pd->pvecback[pba->index_bg_rho_ede];

    pd->w_min = MIN(pd->w_min,w);
    pd->w_max = MAX(pd->w_max,w);
  }

  return _SUCCESS_;
}

static void distances_free(struct distances * pd) {

  free(pd->edges);
  free(pd->nodes);
  free(pd->pvecback);
}

/**
 * Fill the nodes of panels that end where w jumps.
 */
static int distances_init(struct background * pba,
                          double z_end,
                          struct distances * pd) {

  double x_end = log1p(z_end);
  int panel, edge = 0;

  pd->pba = pba;
  pd->w_min = _HUGE_;
  pd->w_max = -_HUGE_;

  class_call(quadrature_gauss_legendre(pd->mu,pd->w8,_PANEL_NODES_,1e-15,pba->error_message),
             pba->error_message,
             pba->error_message);

  pd->panels = pba->wbins.size+2+(int)(x_end/_PANEL_WIDTH_);
  class_alloc(pd->edges,(pd->panels+1)*sizeof(double),pba->error_message);
  class_alloc(pd->nodes,pd->panels*_PANEL_NODES_*sizeof(struct node),pba->error_message);
  class_alloc(pd->pvecback,pba->bg_size*sizeof(double),pba->error_message);

  pd->edges[0] = 0.;
  for (panel=0; pd->edges[panel]<x_end; panel++) {
    pd->edges[panel+1] = MIN(pd->edges[panel]+_PANEL_WIDTH_,x_end);
    if ((edge < pba->wbins.size) && (pba->wbins.y[edge] <= pd->edges[panel+1]))
      pd->edges[panel+1] = pba->wbins.y[edge++];
    class_call_except(distances_panel(pd,pd->edges[panel],pd->edges[panel+1],pd->nodes+panel*_PANEL_NODES_),
                      pba->error_message,
                      pba->error_message,
                      distances_free(pd));
  }
  pd->panels = panel;

  return _SUCCESS_;
}

/**
 * Add, over some nodes, the true distance minus that of the model of constant w, and its derivative.
 *
 * With \f$ H_w^2 - H^2 = \rho_w - \rho \f$ the difference of the two 1/H has no cancellation.
 */
static void distances_add(struct node * nodes,
                          int size,
                          double rho0,
                          double w,
                          double * difference,
                          double * derivative) {

  double rho, H, H_w;
  int index;

  for (index=0; index<size; index++) {
    rho = rho0*exp(3.*(1.+w)*nodes[index].x);
    H = sqrt(nodes[index].others+nodes[index].late);
    H_w = sqrt(nodes[index].others+rho);
    *difference += nodes[index].weight*(rho-nodes[index].late)/(H*H_w*(H+H_w));
    *derivative += nodes[index].weight*1.5*nodes[index].x*rho/(H_w*H_w*H_w);
  }
}

/**
 * The constant w that has the true distance from one redshift to the end: Newton's method in a bracket.
 *
 * The density of constant w grows with w at every redshift, and the true one lies between those of the smallest and the
 * largest w: so there is one solution, and it lies between them too.
 */
static int distances_equal(struct distances * pd,
                           double z,
                           double * w) {

  struct background * pba = pd->pba;
  struct node part[_PANEL_NODES_];
  double rho0 = pba->Omega0_fld*pow(pba->H0,2), x = log1p(z), low = pd->w_min, high = pd->w_max;
  double difference, derivative, step;
  int panel, iteration;

  for (panel=0; (panel<pd->panels-1) && (pd->edges[panel+1]<=x); panel++);
  class_call(distances_panel(pd,x,pd->edges[panel+1],part),
             pba->error_message,
             pba->error_message);

  *w = 0.5*(low+high);
  for (iteration=0; iteration<_EQUAL_MAX_; iteration++) {

    difference = 0.;
    derivative = 0.;
    distances_add(part,_PANEL_NODES_,rho0,*w,&difference,&derivative);
    distances_add(pd->nodes+(panel+1)*_PANEL_NODES_,(pd->panels-panel-1)*_PANEL_NODES_,rho0,*w,&difference,&derivative);

    if (difference > 0.)
      high = *w;
    else
      low = *w;

    step = -difference/derivative;
    if ((*w+step <= low) || (*w+step >= high))
      step = 0.5*(low+high)-*w;
    *w += step;
    if (fabs(step) < _EQUAL_TOLERANCE_)
      return _SUCCESS_;
  }

  class_stop(pba->error_message,"no constant w has the distance from z = %g to last scattering: last tried %g",z,*w);
}

/**
 * Constant equations of state with the true comoving distances from given redshifts to a common end.
 *
 * Today's densities are kept. Early dark energy is left out of both models: the simulations had none.
 *
 * @param pba    Input: background
 * @param z_end  Input: far end of the distances
 * @param size   Input: number of redshifts
 * @param z      Input: the redshifts, below z_end
 * @param w      Output: the equivalent w of each
 */
int nonlinear_equivalent_w(struct background * pba,
                           double z_end,
                           int size,
                           double * z,
                           double * w) {

  struct distances d;
  int index;

  if (pba->has_fld == _FALSE_) {
    for (index=0; index<size; index++)
      w[index] = -1.;
    return _SUCCESS_;
  }

  class_call(distances_init(pba,z_end,&d),
             pba->error_message,
             pba->error_message);
  for (index=0; index<size; index++) {
    class_call_except(distances_equal(&d,z[index],w+index),
                      pba->error_message,
                      pba->error_message,
                      distances_free(&d));
  }
  distances_free(&d);

  return _SUCCESS_;
}

/**
 * Equivalent w at all times of the fourier structure.
 */
int nonlinear_init(struct background * pba,
                   struct thermodynamics * pth,
                   struct fourier * pfo) {

  double * z;
  int index;

  class_alloc(pfo->nonlinear.w_of_tau,pfo->tau_size*sizeof(double),pfo->error_message);
  class_alloc(z,pfo->tau_size*sizeof(double),pfo->error_message);
  for (index=0; index<pfo->tau_size; index++) {
    class_call_except(background_z_of_tau(pba,pfo->tau[index],z+index),
                      pba->error_message,
                      pfo->error_message,
                      free(z));
    /* the linear perturbations start before last scattering, nonlinear ones long after */
    z[index] = MIN(MAX(z[index],0.),_Z_NONLINEAR_);
  }
  class_call_except(nonlinear_equivalent_w(pba,pth->z_rec,pfo->tau_size,z,pfo->nonlinear.w_of_tau),
                    pba->error_message,
                    pfo->error_message,
                    free(z));
  free(z);

  /* today, for what is prepared before the loop over times */
  pfo->nonlinear.w = pfo->nonlinear.w_of_tau[pfo->tau_size-1];

  return _SUCCESS_;
}

/**
 * To be called for each time before its nonlinear power is computed.
 */
void nonlinear_time(struct background * pba,
                    struct fourier * pfo,
                    int index_tau) {

  if (pba->wbins.size > 0)
    pfo->nonlinear.w = pfo->nonlinear.w_of_tau[index_tau];
  pfo->nonlinear.wanted =
    ((pfo->nonlinear.to_z_max == _TRUE_) && (index_tau >= pfo->tau_size-pfo->ln_tau_size)) ? _TRUE_ : _FALSE_;
}

/**
 * Logarithm of the linear power beyond the largest k: a power law.
 */
double nonlinear_beyond_k_max(struct fourier * pfo,
                              double * lnpk_l,
                              double k) {

  int last = pfo->k_size-1;

  return lnpk_l[last] + (lnpk_l[last]-lnpk_l[last-1])/(pfo->ln_k[last]-pfo->ln_k[last-1])*(log(k)-pfo->ln_k[last]);
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
  if (pba->wbins.size > 0) {
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
  if (pba->wbins.size > 0)
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
