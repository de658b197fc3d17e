/** @file wbins_jumps.c What jumps of w(z) ask of CLASS's tables and integrators (see wbins.h) */

#include "background.h"
#include "perturbations.h"
#include "evolver_ndf15.h"
#include "evolver_rkck.h"
#include "wbins.h"

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
