/* PoorDriver.c - a CUDA driver without most of its functions
 *
 * Part of edbc, an ahead-of-time compiler for dynamic neural networks.
 */
int cuInit(unsigned flags);
int cuDriverGetVersion(int *version);

int cuInit(unsigned flags) { return (int)flags; }

int cuDriverGetVersion(int *version) {
  *version = 12000;
  return 0;
}
