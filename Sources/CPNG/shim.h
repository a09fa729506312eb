// The simplified interface of libpng.
#include <png.h>
