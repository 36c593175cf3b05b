#include "kern.h"
int kern_placeholder(void);
int kern_placeholder(void) { return 0; }
