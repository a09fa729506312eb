// Facts of a build that are known only where it is made.
#ifndef BUILD_FACTS_H
#define BUILD_FACTS_H

// The commit that it was built from; empty where nobody said.
const char *build_commit(void);

#endif
