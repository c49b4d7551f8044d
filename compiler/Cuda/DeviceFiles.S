/*===- DeviceFiles.S - the text of the device library ---------------------===*\
|*                                                                            *|
|* Part of edbc, an ahead-of-time compiler for dynamic neural networks.       *|
|*                                                                            *|
|* The build defines the folder (CMakeLists.txt).                             *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

  .macro embed name
  .globl edbc_device_\name\()_begin
  .hidden edbc_device_\name\()_begin
edbc_device_\name\()_begin:
  .incbin "\name\().cuh"
  .globl edbc_device_\name\()_end
  .hidden edbc_device_\name\()_end
edbc_device_\name\()_end:
  .byte 0
  .endm

  .section .rodata
  embed Arithmetic
  embed Intrinsics
  embed Memory
  embed Products
  embed Rows
  embed Schedule
  embed Segments
  embed TensorProducts

  .section .note.GNU-stack, "", @progbits
