/** @file los.c Line-of-sight integrals over spherical Bessel functions whose tables outlive one cosmology (see los.h)
 *
 * In a flat universe transfer functions are sums over times of w S K(x), x = k(tau0-tau), where K is j_l, j_l',
 * (3 j_l'' + j_l)/2 or sqrt(3(l+2)!/(8(l-2)!)) j_l/x^2. Between two nodes of a table of j_l and j_l' take the polynomial
 * of order 5 through j_l, j_l' and j_l'', the last from Bessel's equation j'' = -2 j'/x - (1 - l(l+1)/x^2) j. All that
 * depends on l is then a polynomial in l(l+1) times what is in the table: the coefficients are found once for all l. */

#include <pthread.h>
#include "los.h"
#include "wbins.h"

/* Tables in memory, most recently used first; those in use are never dropped. */
#define _LOS_TABLES_ 4

struct los_table {
  HyperInterpStruct bessel;
  double x_max, sampling, phi_min;
  int users;
};

static struct los_table los_tables[_LOS_TABLES_];
static int los_tables_size = 0;
static pthread_mutex_t los_lock = PTHREAD_MUTEX_INITIALIZER;

/**
 * A table of j_l and j_l' that reaches up to x_max at least: one that is there, or a new one.
 *
 * Tables end at multiples of 500, so that they do not depend on cosmology.
 */
int los_borrow(int l_size,
               int * l,
               double x_min,
               double x_max,
               double sampling,
               double phi_min,
               HyperInterpStruct * table,
               ErrorMsg errmsg) {

  struct los_table found;
  int index, status = _SUCCESS_;

  x_max = 500.*ceil(x_max/500.+1e-6);

  pthread_mutex_lock(&los_lock);

  for (index=0; index<los_tables_size; index++) {
    found = los_tables[index];
    if ((found.x_max == x_max) && (found.sampling == sampling) && (found.phi_min == phi_min) &&
        (found.bessel.x[0] == x_min) && (found.bessel.l_size == l_size) &&
        (memcmp(found.bessel.l,l,l_size*sizeof(int)) == 0))
      break;
  }

  if (index == los_tables_size) {
    found.x_max = x_max;
    found.sampling = sampling;
    found.phi_min = phi_min;
    found.users = 0;
    status = hyperspherical_HIS_create(0,1.,l_size,l,x_min,x_max,sampling,l[l_size-1]+1,phi_min,&(found.bessel),errmsg);
    /* the oldest that nobody uses makes room */
    if ((status == _SUCCESS_) && (los_tables_size == _LOS_TABLES_)) {
      for (index=_LOS_TABLES_-1; (index >= 0) && (los_tables[index].users > 0); index--);
      if (index >= 0)
        hyperspherical_HIS_free(&(los_tables[index].bessel),errmsg);
    }
    else if (status == _SUCCESS_) {
      los_tables_size++;
    }
  }

  if (status == _SUCCESS_) {
    *table = found.bessel;
    /* all are in use: the new one belongs to the borrower alone */
    if (index >= 0) {
      found.users++;
      memmove(los_tables+1,los_tables,index*sizeof(struct los_table));
      los_tables[0] = found;
    }
  }

  pthread_mutex_unlock(&los_lock);

  return status;
}

/**
 * Give a table back.
 */
int los_return(HyperInterpStruct * table,
               ErrorMsg errmsg) {

  int index;

  pthread_mutex_lock(&los_lock);
  for (index=0; (index < los_tables_size) && (los_tables[index].bessel.phi != table->phi); index++);
  if (index < los_tables_size)
    los_tables[index].users--;
  pthread_mutex_unlock(&los_lock);

  return (index < los_tables_size) ? _SUCCESS_ : hyperspherical_HIS_free(table,errmsg);
}

int los_workspace_init(struct los_workspace * pls,
                       int tau_size,
                       ErrorMsg errmsg) {

  pls->kernel = los_none;
  pls->tau_size = 0;
  pls->tau0_minus_tau = (double *)malloc(tau_size*sizeof(double));
  pls->weight = (double *)malloc(tau_size*sizeof(double));
  pls->work = (double *)malloc(2*tau_size*sizeof(double));
  pls->node = (int *)malloc(tau_size*sizeof(int));
  pls->coefficient = (double *)malloc(tau_size*_LOS_COEFFICIENTS_*sizeof(double));
  class_test_except((pls->tau0_minus_tau == NULL) || (pls->weight == NULL) || (pls->work == NULL) ||
                    (pls->node == NULL) || (pls->coefficient == NULL),
                    errmsg,
                    los_workspace_free(pls),
                    "no memory for %d times",tau_size);

  return _SUCCESS_;
}

void los_workspace_free(struct los_workspace * pls) {

  free(pls->tau0_minus_tau);
  free(pls->weight);
  free(pls->work);
  free(pls->node);
  free(pls->coefficient);
}

/**
 * Do t[i] and t[i+1] enclose a step of the integrand (see wbins_times.c)?
 */
static short los_step(int size,
                      const double * t,
                      double tau0,
                      int i) {
  return (i > 0) && (i < size-2) && (t[i]-t[i+1] < 3.*_WBINS_TIMES_HALF_GAP_*(tau0-t[i]));
}

/**
 * Weights with which a sum over falling t is the integral of the cubic splines through the summands, one between each
 * two steps of these. The splines are natural ones at both ends of t, and at steps end with a parabola.
 *
 * The error falls with the fourth power of the distances, that of trapezoidal weights with the square. With h the
 * distances, the spline's second derivatives M solve A M = B f, and its integral is the trapezoidal one minus v.M, where
 * v_i = (h_{i-1}^3 + h_i^3)/24: the weights are the trapezoidal ones minus B^T A^-1 v (A is symmetric).
 *
 * @param size   Input: number of t
 * @param t      Input: t, from the largest to the smallest
 * @param tau0   Input: what t is the distance in time from
 * @param weight Output: weights
 * @param work   Output: twice as many numbers, of no use afterwards
 */
void los_weights(int size,
                 const double * t,
                 double tau0,
                 double * weight,
                 double * work) {

  double * above = work;
  double * m = work+size;
  double left, right, left_end, right_end, pivot, next;
  int first, last, i;

  for (i=0; i<size; i++) {
    weight[i] = 0.5*(((i > 0) ? t[i-1]-t[i] : 0.) + ((i < size-1) ? t[i]-t[i+1] : 0.));
    above[i] = m[i] = 0.;
  }

  for (first=0; first<size; first=last+1) {

    for (last=first; (last < size-1) && !los_step(size,t,tau0,last); last++);

    /* m = A^-1 v by elimination downwards, then upwards */
    for (i=first+1; i<last; i++) {
      left = t[i-1]-t[i];
      right = t[i]-t[i+1];
      /* the second derivative at the end of a parabola is the one beside it */
      left_end = ((i == first+1) && (first > 0)) ? left : 0.;
      right_end = ((i == last-1) && (last < size-1)) ? right : 0.;
      pivot = 1./((left+right)/3.+(left_end+right_end)/6.-left/6.*above[i-1]);
      above[i] = right/6.*pivot;
      m[i] = ((left*left*left+right*right*right+left_end*left_end*left_end+right_end*right_end*right_end)/24.
              -left/6.*m[i-1])*pivot;
    }
    for (i=last-1, next=0.; i>first; i--) {
      next = m[i] -= above[i]*next;
      left = next/(t[i-1]-t[i]);
      right = next/(t[i]-t[i+1]);
      weight[i-1] -= left;
      weight[i] += left+right;
      weight[i+1] -= right;
    }
  }
}

/**
 * Coefficients of the integrand at all times.
 *
 * Those of j_l and j_l' at the left node, then at the right one, to order 0 in l(l+1); of j_l left and right to order
 * 1; for los_j2, all four to order 1 and those of j_l to order 2.
 */
void los_prepare(struct los_workspace * pls,
                 HyperInterpStruct * table,
                 enum los_kernel kernel,
                 int tau_size,
                 double * x,
                 double * tau0_minus_tau,
                 double tau0,
                 double * source) {

  double h = table->delta_x, x_min = table->x[0], x_max = table->x[table->x_size-1];
  int index_tau, node, side;

  pls->kernel = kernel;

  /* most often, the times of the integral before */
  if ((tau_size != pls->tau_size) || (memcmp(tau0_minus_tau,pls->tau0_minus_tau,tau_size*sizeof(double)) != 0)) {
    pls->tau_size = tau_size;
    memcpy(pls->tau0_minus_tau,tau0_minus_tau,tau_size*sizeof(double));
    los_weights(tau_size,tau0_minus_tau,tau0,pls->weight,pls->work);
  }

  for (index_tau=0; index_tau<tau_size; index_tau++) {

    double * c = pls->coefficient+index_tau*_LOS_COEFFICIENTS_;
    double s, s2, s3, s4, s5, ws = pls->weight[index_tau]*source[index_tau], y = 1./x[index_tau];

    pls->node[index_tau] = 0;
    memset(c,0,_LOS_COEFFICIENTS_*sizeof(double));
    if ((x[index_tau] < x_min) || (x[index_tau] > x_max))
      continue;

    node = MIN((int)((x[index_tau]-x_min)/h),table->x_size-2);
    pls->node[index_tau] = node;
    s = (x[index_tau]-table->x[node])/h;
    s2 = s*s; s3 = s2*s; s4 = s3*s; s5 = s4*s;

    /* polynomials that multiply j, j', j'' on either side, and their derivatives */
    double value[2][3] = {{1.-10.*s3+15.*s4-6.*s5, h*(s-6.*s3+8.*s4-3.*s5), 0.5*h*h*(s2-3.*s3+3.*s4-s5)},
                          {10.*s3-15.*s4+6.*s5, h*(-4.*s3+7.*s4-3.*s5), 0.5*h*h*(s3-2.*s4+s5)}};
    double slope[2][3] = {{-30.*(s2-2.*s3+s4)/h, 1.-18.*s2+32.*s3-15.*s4, 0.5*h*(2.*s-9.*s2+12.*s3-5.*s4)},
                          {30.*(s2-2.*s3+s4)/h, -12.*s2+28.*s3-15.*s4, 0.5*h*(3.*s2-8.*s3+5.*s4)}};

    for (side=0; side<2; side++) {
      double v = 1./table->x[node+side];
      /* j_l(x) = a[0] j + a[1] j' + l(l+1) a[2] j, likewise j_l'(x) with b */
      double a[3] = {value[side][0]-value[side][2], value[side][1]-2.*v*value[side][2], v*v*value[side][2]};
      double b[3] = {slope[side][0]-slope[side][2], slope[side][1]-2.*v*slope[side][2], v*v*slope[side][2]};
      double * order0 = c+2*side;
      double * order1 = c+4+side;

      switch (kernel) {
      case los_j:
        order0[0] = ws*a[0];
        order0[1] = ws*a[1];
        *order1 = ws*a[2];
        break;
      case los_dj:
        order0[0] = ws*b[0];
        order0[1] = ws*b[1];
        *order1 = ws*b[2];
        break;
      case los_polarisation:
        order0[0] = ws*y*y*a[0];
        order0[1] = ws*y*y*a[1];
        *order1 = ws*y*y*a[2];
        break;
      case los_j2:
        /* (3j''+j)/2 = (-1 + 3/2 l(l+1)/x^2) j - 3 j'/x */
        order0[0] = ws*(-a[0]-3.*y*b[0]);
        order0[1] = ws*(-a[1]-3.*y*b[1]);
        *order1 = ws*(1.5*y*y*a[0]-a[2]-3.*y*b[2]);
        c[6+side] = ws*1.5*y*y*a[1];
        c[8+side] = ws*1.5*y*y*a[2];
        break;
      case los_none:
        break;
      }
    }
  }
}

/**
 * Sum of w S K(x) over the times up to the last one (included), after which S or K is negligible.
 */
double los_integral(struct los_workspace * pls,
                    HyperInterpStruct * table,
                    int index_l,
                    int last) {

  const double * j = table->phi+(size_t)index_l*table->x_size;
  const double * dj = table->dphi+(size_t)index_l*table->x_size;
  const double * c = pls->coefficient;
  double l = (double)table->l[index_l], ll = l*(l+1.);
  double j0 = 0., j1 = 0., dj0 = 0., dj1 = 0., jl0 = 0., jl1 = 0., djl0 = 0., djl1 = 0., jll0 = 0., jll1 = 0.;
  int index_tau, n;

  if (pls->kernel == los_j2) {
    for (index_tau=0; index_tau<=last; index_tau++, c+=_LOS_COEFFICIENTS_) {
      n = pls->node[index_tau];
      j0 += c[0]*j[n];
      dj0 += c[1]*dj[n];
      j1 += c[2]*j[n+1];
      dj1 += c[3]*dj[n+1];
      jl0 += c[4]*j[n];
      jl1 += c[5]*j[n+1];
      djl0 += c[6]*dj[n];
      djl1 += c[7]*dj[n+1];
      jll0 += c[8]*j[n];
      jll1 += c[9]*j[n+1];
    }
    return (j0+j1+dj0+dj1) + ll*((jl0+jl1+djl0+djl1) + ll*(jll0+jll1));
  }

  for (index_tau=0; index_tau<=last; index_tau++, c+=_LOS_COEFFICIENTS_) {
    n = pls->node[index_tau];
    j0 += c[0]*j[n];
    dj0 += c[1]*dj[n];
    j1 += c[2]*j[n+1];
    dj1 += c[3]*dj[n+1];
    jl0 += c[4]*j[n];
    jl1 += c[5]*j[n+1];
  }
  double sum = (j0+j1+dj0+dj1) + ll*(jl0+jl1);
  if (pls->kernel == los_polarisation)
    sum *= sqrt(3./8.*(l+2.)*(l+1.)*l*(l-1.));

  return sum;
}
