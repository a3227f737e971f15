/* The header needs nothing before it and does no harm twice. */
#include "omega_slicer.h"
#include "omega_slicer.h"

int header_compiles_alone(void);
int header_compiles_alone(void) { return OMEGA_OK; }
