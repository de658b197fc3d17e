/** @file wbins_times.c Times of the sources, and splines through them, where w(z) jumps (see wbins.h)
 *
 * At an edge the late integrated Sachs-Wolfe source makes a step, and the slope of matter perturbations in time jumps
 * near the horizon. Two times enclose it, and no spline runs from one to the other. */

#include "background.h"
#include "perturbations.h"
#include "fourier.h"
#include "wbins.h"

/** fewest times between two edges: those splines are then as accurate as the one of all times is for LambdaCDM */
#define _WBINS_MIN_TIMES_ 7

/**
 * Conformal times of the edges, increasing.
 */
static int wbins_edges(struct background * pba,
                       double * edge,
                       ErrorMsg errmsg) {
  int index;

  for (index=0; index<pba->wbins.size; index++)
    class_call(background_tau_of_z(pba,pba->wbins.z[pba->wbins.size-1-index],&edge[index]),
               pba->error_message,
               errmsg);

  return _SUCCESS_;
}

/**
 * A time in the count of others: 2.5 is half way between the third and the fourth.
 */
static double wbins_count(const double * tau,
                          int size,
                          double time) {
  int index;

  for (index=0; (index < size-2) && (tau[index+1] <= time); index++);
  return index + (time-tau[index])/(tau[index+1]-tau[index]);
}

/**
 * Times at which sources are stored.
 *
 * Up to two steps before the first edge they are those that CLASS chose. From there to that edge, between edges, and
 * from the last one to today they are uniform in the count of these, as many.
 *
 * @param pba  Input: background
 * @param size Input and output: number of times
 * @param tau  Input and output: the times, the last one today, in an array that is allocated anew
 */
int wbins_sources_times(struct background * pba,
                        int * size,
                        double ** tau) {

  const double * old = *tau;
  double edges[_WBINS_MAX_+1], * edge = edges, * new;
  double gap = 0., before, left, right, u, distance;
  int old_size = *size, pieces = pba->wbins.size+1, piece, node, nodes, index, total = 0;

  class_call(wbins_edges(pba,edges,pba->error_message),
             pba->error_message,
             pba->error_message);
  edges[pba->wbins.size] = old[old_size-1];

  /* the last end of a piece is today, the others are edges after the first time */
  for (; *edge <= (1.+_WBINS_TIMES_HALF_GAP_)*old[0]; edge++)
    pieces--;

  class_alloc(new,(old_size+(_WBINS_MIN_TIMES_+1)*pieces)*sizeof(double),pba->error_message);

  for (piece=0; piece<pieces; piece++) {

    before = (piece == 0) ? old[0] : edge[piece-1];
    left = wbins_count(old,old_size,before+gap);
    gap = (piece == pieces-1) ? 0. :
      MIN(_WBINS_TIMES_HALF_GAP_*edge[piece],0.1*MIN(edge[piece]-before,edge[piece+1]-edge[piece]));
    right = wbins_count(old,old_size,edge[piece]-gap);

    if ((piece == 0) && (pieces > 1)) {
      total = MAX(0,(int)right-2);
      memcpy(new,old,total*sizeof(double));
      left = total;
    }

    nodes = MAX(_WBINS_MIN_TIMES_,1+(int)lround(right-left));
    for (node=0; node<nodes; node++) {
      u = left + node*(right-left)/(nodes-1);
      index = MIN((int)u,old_size-2);
      new[total+node] = old[index] + (u-index)*(old[index+1]-old[index]);
    }

    /* a step that is smooth (input 'wbins_width') is no error of integrals either, if times on both sides are as far */
    if (piece > 0) {
      distance = MIN(before-new[total-2],new[total+1]-before);
      new[total-2] = before-distance;
      new[total+1] = before+distance;
    }
    total += nodes;
  }

  new[total-1] = old[old_size-1];

  free(*tau);
  *tau = new;
  *size = total;

  return _SUCCESS_;
}

/**
 * Spline the lines of a table, its third derivative continuous at the second line and at the last but one: both ends
 * are as accurate as what lies between them, whereas CLASS's splines take the slope there from a parabola.
 *
 * @param x      Input: positions of the lines
 * @param size   Input: number of these, at least four
 * @param table  Input: table[index_x*width+index]
 * @param width  Input: length of a line
 * @param second Output: second derivatives, as for the table
 * @param errmsg Output: error message
 */
static int wbins_spline(const double * x,
                        int size,
                        const double * table,
                        int width,
                        double * second,
                        ErrorMsg errmsg) {

  double * above, step, step_before, from_before, diagonal, to_next, ratio, slope, slope_before;
  int index_x, index;

  class_alloc(above,size*sizeof(double),errmsg);

  /* Gauss elimination of the second derivatives at inner lines, those at the ends expressed by their neighbours */
  for (index_x=1; index_x<size-1; index_x++) {
    step_before = x[index_x]-x[index_x-1];
    step = x[index_x+1]-x[index_x];
    from_before = (index_x == 1) ? 0. : step_before;
    to_next = (index_x == size-2) ? 0. : step;
    diagonal = 2.*(step_before+step);
    if (index_x == 1) {
      ratio = step_before/step;
      diagonal += step_before*(1.+ratio);
      to_next -= step_before*ratio;
    }
    if (index_x == size-2) {
      ratio = step/step_before;
      diagonal += step*(1.+ratio);
      from_before -= step*ratio;
    }
    if (index_x > 1)
      diagonal -= from_before*above[index_x-1];
    above[index_x] = to_next/diagonal;
    for (index=0; index<width; index++) {
      slope_before = (table[index_x*width+index]-table[(index_x-1)*width+index])/step_before;
      slope = (table[(index_x+1)*width+index]-table[index_x*width+index])/step;
      second[index_x*width+index] = 6.*(slope-slope_before);
      if (index_x > 1)
        second[index_x*width+index] -= from_before*second[(index_x-1)*width+index];
      second[index_x*width+index] /= diagonal;
    }
  }
  for (index_x=size-3; index_x>0; index_x--)
    for (index=0; index<width; index++)
      second[index_x*width+index] -= above[index_x]*second[(index_x+1)*width+index];

  ratio = (x[1]-x[0])/(x[2]-x[1]);
  for (index=0; index<width; index++)
    second[index] = (1.+ratio)*second[width+index] - ratio*second[2*width+index];
  ratio = (x[size-1]-x[size-2])/(x[size-2]-x[size-3]);
  for (index=0; index<width; index++)
    second[(size-1)*width+index] = (1.+ratio)*second[(size-2)*width+index] - ratio*second[(size-3)*width+index];

  free(above);

  return _SUCCESS_;
}

/**
 * Spline the lines of a table in time, from edge to edge.
 *
 * @param pba    Input: background
 * @param ln_tau Input: ln of the times of the lines
 * @param size   Input: number of these
 * @param table  Input: table[index_tau*width+index]
 * @param width  Input: length of a line
 * @param second Output: second derivatives with respect to ln_tau, as for the table
 * @param errmsg Output: error message
 */
static int wbins_splines(struct background * pba,
                         const double * ln_tau,
                         int size,
                         const double * table,
                         int width,
                         double * second,
                         ErrorMsg errmsg) {

  double edge[_WBINS_MAX_];
  int piece, first = 0, last;

  class_call(wbins_edges(pba,edge,errmsg),errmsg,errmsg);

  for (piece=0; piece<=pba->wbins.size; piece++) {

    last = size;
    if (piece < pba->wbins.size)
      for (last=first; (last < size) && (exp(ln_tau[last]) < edge[piece]); last++);

    /* so few can only be the earliest times, which are there for margin: straight lines */
    if (last-first < 4)
      memset(second+first*width,0,(last-first)*width*sizeof(double));
    else {
      class_call(wbins_spline(ln_tau+first,last-first,table+first*width,width,second+first*width,errmsg),
                 errmsg,
                 errmsg);
    }

    first = last;
  }

  return _SUCCESS_;
}

/**
 * The late sources: splines in time from edge to edge, in the place of those that run over edges.
 */
int wbins_sources_splines(struct background * pba,
                          struct perturbations * ppt) {

  int index_md, index;

  for (index_md=0; index_md<ppt->md_size; index_md++)
    for (index=0; index<ppt->ic_size[index_md]*ppt->tp_size[index_md]; index++)
      class_call(wbins_splines(pba,ppt->ln_tau,ppt->ln_tau_size,ppt->late_sources[index_md][index],
                               ppt->k_size[index_md],ppt->ddlate_sources[index_md][index],ppt->error_message),
                 ppt->error_message,
                 ppt->error_message);

  return _SUCCESS_;
}

/**
 * The logarithm of P(k), linear and nonlinear: as for the sources.
 */
int wbins_power_splines(struct background * pba,
                        struct fourier * pfo) {

  int index_pk, first = pfo->ln_tau_size-pfo->ln_tau_size_nl;

  for (index_pk=0; index_pk<pfo->pk_size; index_pk++) {
    class_call(wbins_splines(pba,pfo->ln_tau,pfo->ln_tau_size,pfo->ln_pk_l[index_pk],
                             pfo->k_size,pfo->ddln_pk_l[index_pk],pfo->error_message),
               pfo->error_message,
               pfo->error_message);
    class_call(wbins_splines(pba,pfo->ln_tau,pfo->ln_tau_size,pfo->ln_pk_ic_l[index_pk],
                             pfo->k_size*pfo->ic_ic_size,pfo->ddln_pk_ic_l[index_pk],pfo->error_message),
               pfo->error_message,
               pfo->error_message);
    if (pfo->method != nl_none)
      class_call(wbins_splines(pba,pfo->ln_tau+first,pfo->ln_tau_size_nl,pfo->ln_pk_nl[index_pk]+first*pfo->k_size,
                               pfo->k_size,pfo->ddln_pk_nl[index_pk]+first*pfo->k_size,pfo->error_message),
                 pfo->error_message,
                 pfo->error_message);
  }

  return _SUCCESS_;
}
