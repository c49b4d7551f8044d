/*===- EmbeddedFiles.S - the bytes behind EmbeddedRuntime.h ---------------===*\
|*                                                                            *|
|* Part of edbc, an ahead-of-time compiler for dynamic neural networks.       *|
|*                                                                            *|
|* The build defines the files' paths (CMakeLists.txt).                       *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

  .macro embed name, file
  .balign 64
  .globl \name\()_begin
  .hidden \name\()_begin
\name\()_begin:
  .incbin "\file"
  .globl \name\()_end
  .hidden \name\()_end
\name\()_end:
  .endm

  .section .rodata
  embed edbc_runtime_archive, EDBC_RUNTIME_ARCHIVE
  embed edbc_abi_header, EDBC_ABI_HEADER
  embed edbc_wrapper_header, EDBC_WRAPPER_HEADER

  .section .note.GNU-stack, "", @progbits
