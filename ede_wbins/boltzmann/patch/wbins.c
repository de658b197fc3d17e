/** @file wbins.c Late dark energy whose equation of state is constant in redshift bins (see wbins.h) */

#include "background.h"
#include "perturbations.h"
#include "evolver_ndf15.h"
#include "evolver_rkck.h"
#include "wbins.h"

/** smallest distance in ln(1+z) between two edges, far above the gap around a jump */
#define _WBINS_MIN_SPACING_ 1e-6

/** After a jump a multi-step method starts with steps of first order, whose errors add up in each bin: tolerance there,
    in units of the user's. At late times steps are few and cheap. */
#define _WBINS_TIGHTER_ 0.1

/** what follows the first arguments of wbins_evolve() */
#define WBINS_EVOLVER_VALUES \
    derivs, x_ini, x_final, y, used_in_output, neq, parameters_and_workspace, rtol, minimum_variation, \
    timescale, timestep_over_timescale, t_vec, t_size, output, print_variables, errmsg

/** fewest background table nodes between two jumps, for a spline of that segment alone */
#define _WBINS_MIN_NODES_ 6

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

/**
 * Nodes of the background table: uniform in ln(a) between jumps, with one node on each side of a jump.
 *
 * @param pwb        Input: the bins
 * @param loga_ini   Input: first ln(a)
 * @param loga_final Input: last ln(a)
 * @param size       Input: number of nodes that a table without jumps has
 * @param loga       Output: the nodes; NULL to count them only
 * @return the number of nodes
 */
int wbins_background_nodes(struct wbins * pwb,
                           double loga_ini,
                           double loga_final,
                           int size,
                           double * loga) {

  double step = (loga_final-loga_ini)/(size-1), left, right;
  int segment, node, nodes, total = 0;

  for (segment=0; segment<=pwb->jump_size; segment++) {
    left = (segment == 0) ? loga_ini : pwb->jump_loga[segment-1]+_WBINS_HALF_GAP_;
    right = (segment == pwb->jump_size) ? loga_final : pwb->jump_loga[segment]-_WBINS_HALF_GAP_;
    nodes = MAX(_WBINS_MIN_NODES_,1+(int)ceil((right-left)/step));
    if (loga != NULL) {
      for (node=0; node<nodes-1; node++)
        loga[total+node] = left + node*(right-left)/(nodes-1);
      loga[total+nodes-1] = right;
      if (segment < pwb->jump_size)
        pwb->jump_index[segment] = total+nodes-1;
    }
    total += nodes;
  }

  return total;
}

/**
 * Spline the background table between jumps, each segment on its own, so that no spline runs over a kink.
 */
int wbins_background_splines(struct background * pba) {

  struct wbins * pwb = &(pba->wbins);
  int segment, first, size;

  for (segment=0; segment<=pwb->jump_size; segment++) {

    first = (segment == 0) ? 0 : pwb->jump_index[segment-1]+1;
    size = ((segment == pwb->jump_size) ? pba->bt_size-1 : pwb->jump_index[segment]) - first + 1;

    class_call(array_spline_table_lines(pba->z_table+first,size,pba->tau_table+first,1,
                                        pba->d2tau_dz2_table+first,_SPLINE_EST_DERIV_,pba->error_message),
               pba->error_message,
               pba->error_message);
    class_call(array_spline_table_lines(pba->tau_table+first,size,pba->z_table+first,1,
                                        pba->d2z_dtau2_table+first,_SPLINE_EST_DERIV_,pba->error_message),
               pba->error_message,
               pba->error_message);
    class_call(array_spline_table_lines(pba->loga_table+first,size,pba->background_table+first*pba->bg_size,pba->bg_size,
                                        pba->d2background_dloga2_table+first*pba->bg_size,_SPLINE_EST_DERIV_,pba->error_message),
               pba->error_message,
               pba->error_message);

    if (segment < pwb->jump_size) {
      pwb->jump_tau[segment][0] = pba->tau_table[first+size-1];
      pwb->jump_tau[segment][1] = pba->tau_table[first+size];
    }
  }

  return _SUCCESS_;
}

/**
 * Times at which sources are stored, with the two nearest to an edge equally far from it: there the late integrated
 * Sachs-Wolfe source makes a step, which falls in the middle of two times and is no error of integrals over them.
 *
 * Up to two steps before the first edge they are those that CLASS chose, then uniform in the count of these, no fewer.
 *
 * @param pba      Input: background
 * @param size     Input: number of times that CLASS chose
 * @param tau      Input: these, the last one today
 * @param new_size Output: number of times
 * @param new_tau  Output: the times; NULL to count them only
 */
int wbins_sources_times(struct background * pba,
                        int size,
                        const double * tau,
                        int * new_size,
                        double * new_tau) {

  double left, right = 0., before, edge = tau[0], step, halves, u, distance;
  int remaining, node, nodes, index, after_edge = 0, total = 0;

  /* pieces of time, each up to an edge, the last up to today */
  for (remaining=pba->wbins.size; remaining>=0; remaining--) {

    /* both ends in the count of CLASS's times */
    before = edge;
    left = right;
    right = size-1;
    if (remaining > 0) {
      class_call(background_tau_of_z(pba,pba->wbins.z[remaining-1],&edge),
                 pba->error_message,
                 pba->error_message);
      if (edge <= tau[0]) {
        right = 0.;
        continue;
      }
      for (index=(int)left; tau[index+1] <= edge; index++);
      right = index + (edge-tau[index])/(tau[index+1]-tau[index]);
      if (!after_edge) {
        total = MAX(0,index-2);
        left = total;
        if (new_tau != NULL)
          memcpy(new_tau,tau,total*sizeof(double));
      }
    }

    /* half a step is free beside an edge, none at CLASS's times */
    halves = 0.5*(after_edge + (remaining > 0));
    nodes = MAX(2,(int)ceil(right-left+1.-halves));
    step = (right-left)/(nodes-1.+halves);

    if (new_tau != NULL) {
      for (node=0; node<nodes; node++) {
        u = left + step*(node+0.5*after_edge);
        index = MIN((int)u,size-2);
        new_tau[total+node] = tau[index] + (u-index)*(tau[index+1]-tau[index]);
      }
      if (after_edge) {
        distance = MIN(before-new_tau[total-1],new_tau[total]-before);
        new_tau[total-1] = before-distance;
        new_tau[total] = before+distance;
      }
    }
    total += nodes;
    after_edge = 1;
  }

  if (new_tau != NULL)
    new_tau[total-1] = tau[size-1];
  *new_size = total;

  return _SUCCESS_;
}

/**
 * Integrate with an evolver of CLASS, stopping before each jump of w and starting again after it: a multi-step
 * method that runs over a jump loses its accuracy there.
 *
 * @param evolver     Input: the evolver
 * @param jump_size   Input: number of jumps
 * @param jump        Input: for each, where to stop and where to start again
 * @param others      Input: as for the evolver
 */
static int wbins_evolve(int (*evolver)(EVOLVER_PROTOTYPE),
                        int jump_size,
                        double (*jump)[2],
                        WBINS_EVOLVER_ARGUMENTS) {

  double left = x_ini, right, next;
  int index_jump, index;

  for (index_jump=0; index_jump<=jump_size; index_jump++) {

    right = x_final;
    next = x_final;
    if (index_jump < jump_size) {
      if (jump[index_jump][0] <= left)
        continue;
      if (jump[index_jump][1] < x_final) {
        right = jump[index_jump][0];
        next = jump[index_jump][1];
        /* no output may be lost in between */
        for (index=t_size-1; (index >= 0) && (t_vec[index] > right); index--)
          if (t_vec[index] < next)
            right = t_vec[index];
      }
    }

    class_call(evolver(derivs,left,right,y,used_in_output,neq,parameters_and_workspace,
                       (left == x_ini) ? rtol : _WBINS_TIGHTER_*rtol,minimum_variation,
                       timescale,timestep_over_timescale,t_vec,t_size,output,print_variables,errmsg),
               errmsg,
               errmsg);

    if (right == x_final)
      break;
    left = next;
  }

  return _SUCCESS_;
}

/**
 * The evolver of the background: variables are smooth enough over a jump to start again where they stopped.
 */
int wbins_background_evolver(WBINS_EVOLVER_ARGUMENTS) {

  struct background_parameters_and_workspace * pbpaw = parameters_and_workspace;
  struct wbins * pwb = &(pbpaw->pba->wbins);
  double jump[_WBINS_MAX_][2];
  int index;

  for (index=0; index<pwb->jump_size; index++)
    jump[index][0] = jump[index][1] = pwb->jump_loga[index]-_WBINS_HALF_GAP_;

  return wbins_evolve(pwb->background_evolver,pwb->jump_size,jump,WBINS_EVOLVER_VALUES);
}

/**
 * The evolver of the perturbations: steps over the gap, whose two sides see different w.
 */
int wbins_perturbations_evolver(WBINS_EVOLVER_ARGUMENTS) {

  struct perturbations_parameters_and_workspace * pppaw = parameters_and_workspace;
  struct wbins * pwb = &(pppaw->pba->wbins);

  return wbins_evolve((pppaw->ppr->evolver == rk) ? evolver_rk : evolver_ndf15,
                      pwb->jump_size,pwb->jump_tau,WBINS_EVOLVER_VALUES);
}
