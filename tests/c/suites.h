/* The parts of the test program; each runs its own tests. */
#ifndef OMEGA_TEST_SUITES_H
#define OMEGA_TEST_SUITES_H

void suite_abi(const char *vectors);
void suite_text(void);
void suite_series(void);
void suite_borrowed(void);
void suite_files(void);
void suite_arrow(void);
void suite_slicer(void);
void suite_batch(void);
void suite_alignment(void);
void suite_walk(void);
void suite_symbols(void);
void suite_look_ahead(void);
void suite_null(void);
void suite_handles(void);
void suite_threads(void);
void suite_kernels(void);
void suite_kernel_arguments(void);
void suite_streams(void);
void suite_vectors_slicer(const char *vectors);
void suite_vectors_text(const char *vectors);
void suite_vectors_series(const char *vectors);
void suite_vectors_kernels(const char *vectors);
void suite_vectors_alignment(const char *vectors);
void suite_vectors_walk(const char *vectors);
void suite_vectors_symbols(const char *vectors);
void suite_vectors_arrow(const char *vectors);

#endif
