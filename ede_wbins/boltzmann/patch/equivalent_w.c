/** @file equivalent_w.c Constant equation of state with the distances of another one (see equivalent_w.h) */

#include "background.h"
#include "quadrature.h"
#include "equivalent_w.h"

/** points of Gauss and Legendre in each panel of the distance integrals */
#define _PANEL_NODES_ 12

/** widest panel in ln(1+z) */
#define _PANEL_WIDTH_ 1.

/** accuracy of the equivalent w, far below what the fits can tell */
#define _EQUAL_TOLERANCE_ 1e-10

#define _EQUAL_MAX_ 100

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
  pd->edges = (double *)malloc((pd->panels+1)*sizeof(double));
  pd->nodes = (struct node *)malloc(pd->panels*_PANEL_NODES_*sizeof(struct node));
  pd->pvecback = (double *)malloc(pba->bg_size*sizeof(double));
  class_test_except((pd->edges == NULL) || (pd->nodes == NULL) || (pd->pvecback == NULL),
                    pba->error_message,
                    distances_free(pd),
                    "no memory for %d panels",pd->panels);

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
  int panel = 0, iteration;

  while ((panel < pd->panels-1) && (pd->edges[panel+1] <= x))
    panel++;
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
int equivalent_w(struct background * pba,
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
