/** @file lens.c Lensed spectra from blocks of angles, with little memory (see lens.h)
 *
 * The correlation functions of lensing_init(), to the same order and at the same angles, and so the same spectra up to
 * rounding. CLASS tabulates twelve Wigner functions at all l and angles, which takes hundreds of megabytes that are
 * written once and read once. Here each block of angles climbs the recurrences in l once for the correlations of the
 * deflections, once for those of the spectra, with all that it needs in the processor's cache. */

#include "lens.h"
#include "quadrature.h"

/* The first two make the correlations of the deflections. */
enum lens_pair {d11, d1m1, d00, d2m2, d20, d3m1, d4m2, d22, d31, d3m3, d40, d4m4};
static const int lens_orders[_LENS_PAIRS_][2] =
  {{1,1},{1,-1},{0,0},{2,-2},{2,0},{3,-1},{4,-2},{2,2},{3,1},{3,-3},{4,0},{4,-4}};
#define _LENS_DEFLECTION_PAIRS_ 2
#define _LENS_M_MAX_ 4

/* The function whose integral over the correlation is each spectrum. */
static const enum lens_pair lens_back[_LENS_SPECTRA_] = {d00, d20, d22, d2m2};

/* Factors that are found by recurrence are computed directly once in so many l. */
#define _LENS_REFRESH_ 64

/**
 * Can the spectra be lensed here? If not, CLASS does it.
 */
short lens_applies(struct precision * ppr,
                   struct harmonic * phr,
                   struct lensing * ple) {

  return ((ppr->lensing_by_blocks == _TRUE_) && (ppr->lensing_C0_order == 0) && (ppr->lensing_C2_order == 2) &&
          (phr->md_size == 1) && (phr->ic_size[0] == 1) &&
          (ple->l[ple->l_size-1] <= ple->l_unlensed_max)) ? _TRUE_ : _FALSE_;
}

/**
 * Angles of CLASS's quadrature, either all or those below pi/non_accurate_lensing_boundary; what fills up the last
 * block has no weight.
 */
static int lens_angles(struct precision * ppr,
                       struct lensing * ple,
                       struct lens_workspace * plw,
                       int size) {

  double * mu = (double *)plw->mu;
  double * weight = (double *)plw->weight;
  double delta, theta;
  int i;

  if (ppr->accurate_lensing == _TRUE_) {
    class_call(quadrature_gauss_legendre(mu,weight,size,ppr->tol_gauss_legendre,ple->error_message),
               ple->error_message,
               ple->error_message);
  }
  else {
    delta = _PI_/ppr->non_accurate_lensing_boundary/(double)size;
    for (i=0; i<size; i++) {
      theta = (i+1)*delta;
      mu[i] = cos(theta);
      weight[i] = sin(theta)*delta;
    }
  }

  return _SUCCESS_;
}

/**
 * What depends on l alone: the recurrence of Kostelec and Rockmore 2003 for sqrt((2l+1)/2) d^l_{mm'}, and the spectra.
 */
static int lens_multipoles(struct harmonic * phr,
                           struct lensing * ple,
                           struct lens_workspace * plw) {

  double cl[phr->ct_size];
  double l, ee, bb, common;
  int index_l, p;

  plw->deflection2 = 0.;

  for (index_l=0; index_l<=plw->l_max; index_l++) {

    struct lens_multipole * at = plw->at+index_l;
    l = (double)index_l;

    for (p=0; p<_LENS_PAIRS_; p++) {
      double m1 = lens_orders[p][0], m2 = lens_orders[p][1], n = l+1.;
      if (l < m1)
        continue;
      common = n*sqrt((2.*l+3.)/((n+m1)*(n-m1)*(n+m2)*(n-m2)));
      at->step[0][p] = common*sqrt(2.*l+1.);
      at->step[1][p] = (l == 0.) ? 0. : -m1*m2/(l*n)*at->step[0][p];
      at->step[2][p] = (l == 0.) ? 0. : common/l*sqrt((l+m1)*(l-m1)*(l+m2)*(l-m2)/(2.*l-1.));
    }

    if (index_l < 2)
      continue;

    class_call(harmonic_cl_at_l(phr,l,cl,NULL,NULL),
               phr->error_message,
               ple->error_message);
    common = (2.*l+1.)/(4.*_PI_);
    ee = (ple->has_ee == _TRUE_) ? cl[ple->index_lt_ee] : 0.;
    bb = (ple->has_bb == _TRUE_) ? cl[ple->index_lt_bb] : 0.;
    at->cl[lens_tt] = (ple->has_tt == _TRUE_) ? common*cl[ple->index_lt_tt] : 0.;
    at->cl[lens_te] = (ple->has_te == _TRUE_) ? common*cl[ple->index_lt_te] : 0.;
    at->cl[lens_p] = common*(ee+bb);
    at->cl[lens_m] = common*(ee-bb);
    at->deflection = common*l*(l+1.)*cl[ple->index_lt_pp];
    plw->deflection2 += at->deflection;

    at->norm = sqrt(2./(2.*l+1.));
    at->f = l*(l+1.)/4.;
    at->s1 = 0.25*sqrt((l+2.)*(l+1.)*l*(l-1.));
    at->s2 = 0.5*sqrt((l+2.)*(l-1.));
    at->s3 = 0.5*sqrt((l+3.)*(l-2.));
    at->s4 = 0.25*sqrt((l+4.)*(l+3.)*(l-2.)*MAX(l-3.,0.));
    at->s5 = 1./sqrt(l*(l+1.));
  }

  return _SUCCESS_;
}

int lens_init(struct precision * ppr,
              struct harmonic * phr,
              struct lensing * ple,
              struct lens_workspace * plw) {

  int size;

  /* as many as in CLASS, where the last one is mu = 1 */
  if (ppr->accurate_lensing == _TRUE_) {
    size = ple->l_unlensed_max+ppr->num_mu_minus_lmax;
    size += size%2;
  }
  else {
    size = 2*ple->l_unlensed_max/ppr->non_accurate_lensing_boundary;
  }
  size -= 1;

  plw->l_max = ple->l_unlensed_max;
  plw->block_size = (size+_LENS_LANES_-1)/_LENS_LANES_;
  plw->difference = (ppr->accurate_lensing == _TRUE_) ? 0. : 1.;
  plw->at = (struct lens_multipole *)calloc(plw->l_max+1,sizeof(struct lens_multipole));
  plw->mu = (lens_lanes *)calloc(plw->block_size,sizeof(lens_lanes));
  plw->weight = (lens_lanes *)calloc(plw->block_size,sizeof(lens_lanes));
  plw->xi = (lens_lanes *)calloc((size_t)plw->block_size*_LENS_SPECTRA_,sizeof(lens_lanes));
  plw->d = (lens_lanes *)calloc((size_t)plw->block_size*ple->l_size*_LENS_SPECTRA_,sizeof(lens_lanes));
  class_test_except((plw->at == NULL) || (plw->mu == NULL) || (plw->weight == NULL) || (plw->xi == NULL) ||
                    (plw->d == NULL),
                    ple->error_message,
                    lens_free(plw),
                    "no memory for %d angles and %d multipoles",size,plw->l_max);

  class_call_except(lens_angles(ppr,ple,plw,size),
                    ple->error_message,
                    ple->error_message,
                    lens_free(plw));

  class_call_except(lens_multipoles(phr,ple,plw),
                    ple->error_message,
                    ple->error_message,
                    lens_free(plw));

  return _SUCCESS_;
}

void lens_free(struct lens_workspace * plw) {

  free(plw->at);
  free(plw->mu);
  free(plw->weight);
  free(plw->xi);
  free(plw->d);
}

/**
 * Where the recurrence of one pair starts, at l = m.
 */
static void lens_start(int p,
                       const double * mu,
                       double * d) {

  int m1 = lens_orders[p][0], m2 = lens_orders[p][1], i, k;
  double factor = (2.*m1+1.)/2.;

  /* sqrt((2m)!/((m-m')!(m+m')!)) */
  for (i=1; i<=m1-m2; i++)
    factor *= (m1+m2+i)/(double)i;
  factor = sqrt(factor);

  for (k=0; k<_LENS_LANES_; k++)
    d[k] = factor*pow(0.5*(1.+mu[k]),(m1+m2)/2)*pow(0.5*(1.-mu[k]),(m1-m2)/2);
}

/**
 * Take the first pairs from l to l+1; `after` is at l-1 before.
 */
static inline void lens_step(const struct lens_multipole * at,
                             int pairs,
                             const double * restrict mu,
                             const lens_lanes * restrict d,
                             lens_lanes * restrict after) {

  int p, k;

  for (p=0; p<pairs; p++)
    for (k=0; k<_LENS_LANES_; k++)
      after[p][k] = (at->step[0][p]*mu[k]+at->step[1][p])*d[p][k]-at->step[2][p]*after[p][k];
}

static inline void lens_enter(int l,
                              int pairs,
                              const double * mu,
                              lens_lanes * d) {

  int p;

  if (l <= _LENS_M_MAX_)
    for (p=0; p<pairs; p++)
      if (l == lens_orders[p][0])
        lens_start(p,mu,d[p]);
}

/**
 * Correlations of the deflections (astro-ph/0502425, eq. 35): variance of their difference, and quadrupole.
 */
static void lens_deflections(struct lens_workspace * plw,
                             const double * mu,
                             double * sigma2,
                             double * cgl2) {

  lens_lanes state[2][_LENS_DEFLECTION_PAIRS_] = {{{0.}}};
  int l, k;

  for (k=0; k<_LENS_LANES_; k++) {
    sigma2[k] = plw->deflection2;
    cgl2[k] = 0.;
  }

  for (l=0; l<=plw->l_max; l++) {
    const struct lens_multipole * at = plw->at+l;
    lens_lanes * d = state[l%2];
    double weight = at->deflection*at->norm;
    lens_enter(l,_LENS_DEFLECTION_PAIRS_,mu,d);
    for (k=0; k<_LENS_LANES_; k++) {
      sigma2[k] -= weight*d[d11][k];
      cgl2[k] += weight*d[d1m1][k];
    }
    lens_step(at,_LENS_DEFLECTION_PAIRS_,mu,d,state[1-l%2]);
  }
}

/**
 * Correlation functions of the lensed spectra at the angles of one block, to second order in their quadrupole.
 *
 * The terms are those of lensing_init(), astro-ph/0502425, eq. 38 to 60. All have two factors
 * X_000 = exp(-l(l+1) sigma^2/4).
 */
int lens_block(struct lensing * ple,
               struct lens_workspace * plw,
               int index_block) {

  const double * mu = plw->mu[index_block];
  lens_lanes * xi = plw->xi+index_block*_LENS_SPECTRA_;
  lens_lanes * back = plw->d+(size_t)index_block*ple->l_size*_LENS_SPECTRA_;
  lens_lanes state[2][_LENS_PAIRS_] = {{{0.}}};
  lens_lanes s, c, e220, e022, e121, e132, e242, x2, ratio, shrink;
  int l, k, p, index_l = 0;

  lens_deflections(plw,mu,s,c);

  for (k=0; k<_LENS_LANES_; k++) {
    e220[k] = 1.+0.5*s[k];
    e022[k] = 1.+s[k]*(1.+0.5*s[k]);
    e121[k] = 1.+2./3.*s[k];
    e132[k] = 1.+5./3.*s[k];
    e242[k] = 1.+2.5*s[k];
    shrink[k] = exp(-s[k]);
    x2[k] = ratio[k] = 1.;
  }

  for (l=0; l<=plw->l_max; l++) {

    const struct lens_multipole * at = plw->at+l;
    lens_lanes * d = state[l%2];

    lens_enter(l,_LENS_PAIRS_,mu,d);

    /* x2 = exp(-l(l+1)s/2), and its ratio from here to the next l */
    if ((l == 2) || (l%_LENS_REFRESH_ == 0)) {
      for (k=0; k<_LENS_LANES_; k++) {
        x2[k] = exp(-2.*at->f*s[k]);
        ratio[k] = exp(-(l+1.)*s[k]);
      }
    }

    if (l >= 2) {

      double f = at->f, norm = at->norm;
      double tt = norm*at->cl[lens_tt], te = norm*at->cl[lens_te], pp = norm*at->cl[lens_p], mm = norm*at->cl[lens_m];

      for (k=0; k<_LENS_LANES_; k++) {

        double ck = c[k], c2 = ck*ck, x = x2[k];
        double x220 = at->s1*e220[k], x242 = at->s4*e242[k], x121 = at->s2*e121[k], x132 = at->s3*e132[k];
        double x022 = e022[k], xp022 = (f-1.)*e022[k];

        xi[lens_tt][k] += tt*(x*(d[d00][k]*(1.+c2*f*f)+2.*f*ck*d[d1m1][k]+c2*x220*x220*d[d2m2][k])
                              -plw->difference*d[d00][k]);

        xi[lens_te][k] += te*(x*(x022*d[d20][k]+2.*ck*f*at->s5*(x121*d[d11][k]+x132*d[d3m1][k])
                                 +0.5*c2*((2.*xp022*f+x220*x220)*d[d20][k]+x220*x242*d[d4m2][k]))
                              -plw->difference*d[d20][k]);

        xi[lens_p][k] += pp*(x*(x022*x022*d[d22][k]+2.*ck*x132*x121*d[d31][k]
                                +c2*(xp022*xp022*d[d22][k]+x242*x220*d[d40][k]))
                             -plw->difference*d[d22][k]);

        xi[lens_m][k] += mm*(x*(x022*x022*d[d2m2][k]+ck*(x121*x121*d[d1m1][k]+x132*x132*d[d3m3][k])
                                +0.5*c2*(2.*xp022*xp022*d[d2m2][k]+x220*x220*d[d00][k]+x242*x242*d[d4m4][k]))
                             -plw->difference*d[d2m2][k]);

        x2[k] = x*ratio[k];
        ratio[k] *= shrink[k];
      }

      if ((index_l < ple->l_size) && (l == (int)ple->l[index_l])) {
        for (p=0; p<_LENS_SPECTRA_; p++)
          for (k=0; k<_LENS_LANES_; k++)
            back[index_l*_LENS_SPECTRA_+p][k] = norm*d[lens_back[p]][k];
        index_l++;
      }
    }

    lens_step(at,_LENS_PAIRS_,mu,d,state[1-l%2]);
  }

  return _SUCCESS_;
}

/**
 * Spectra from the correlation functions of all blocks.
 */
int lens_finish(struct lensing * ple,
                struct lens_workspace * plw) {

  int index_l, index_block, k, p;

  for (index_l=0; index_l<ple->l_size; index_l++) {

    const struct lens_multipole * at = plw->at+(int)ple->l[index_l];
    double * cl_lens = ple->cl_lens+index_l*ple->lt_size;
    double sum[_LENS_SPECTRA_];

    for (p=0; p<_LENS_SPECTRA_; p++) {
      sum[p] = 0.;
      for (index_block=0; index_block<plw->block_size; index_block++) {
        const double * weight = plw->weight[index_block];
        const double * xi = plw->xi[index_block*_LENS_SPECTRA_+p];
        const double * d = plw->d[((size_t)index_block*ple->l_size+index_l)*_LENS_SPECTRA_+p];
        for (k=0; k<_LENS_LANES_; k++)
          sum[p] += weight[k]*xi[k]*d[k];
      }
      /* in terms of C_l^TT, C_l^TE, C_l^EE+C_l^BB, C_l^EE-C_l^BB */
      sum[p] = 2.*_PI_*sum[p]+plw->difference*at->cl[p]*4.*_PI_/(2.*ple->l[index_l]+1.);
    }

    if (ple->has_tt == _TRUE_)
      cl_lens[ple->index_lt_tt] = sum[lens_tt];
    if (ple->has_te == _TRUE_)
      cl_lens[ple->index_lt_te] = sum[lens_te];
    if (ple->has_ee == _TRUE_)
      cl_lens[ple->index_lt_ee] = 0.5*(sum[lens_p]+sum[lens_m]);
    if (ple->has_bb == _TRUE_)
      cl_lens[ple->index_lt_bb] = 0.5*(sum[lens_p]-sum[lens_m]);
  }

  class_call(array_spline_table_lines(ple->l,
                                      ple->l_size,
                                      ple->cl_lens,
                                      ple->lt_size,
                                      ple->ddcl_lens,
                                      _SPLINE_EST_DERIV_,
                                      ple->error_message),
             ple->error_message,
             ple->error_message);

  ple->is_allocated = _TRUE_;

  return _SUCCESS_;
}
