/* abi.h - the contract between generated libraries and the runtime
 *
 * Part of edbc, an ahead-of-time compiler for dynamic neural networks.
 */
/**
 * @file
 * Two things stand here, and nothing else:
 *
 * 1. *The library description* (`edbc_library` and what it points to):
 *    read-only data that `edbc compile` emits beside the kernels. It tells the
 *    runtime what a network's cells take, where states lie in memory, how
 *    weights are to be arranged, which kernels run a cell and which policy
 *    chooses the next batch.
 * 2. *The C interface* that applications call. `edbc.h` wraps it for C++, and
 *    the header that `edbc compile` generates adds one typed function per cell.
 *
 * Conventions, valid for the whole file:
 * - Sizes and offsets of arrays of `float` count floats, not bytes. Every array
 *   that a kernel reads or writes starts on a multiple of EDBC_ALIGNMENT bytes,
 *   and rows are padded to a multiple of EDBC_LANES floats. What stands in the
 *   padding means nothing, and no result depends on it. The same holds for
 *   the EDBC_LANES floats behind an array's last row.
 * - A function that can fail returns an `edbc_status`; when it fails, it has
 *   changed nothing that the caller can see, and it has written one line of
 *   text into the `edbc_error` that it was given (which may be null).
 * - Nothing here prints, aborts, or keeps state outside the objects named.
 * - A model may be shared by any number of threads. On the CPU it computes rows
 *   of tables when tokens first come; a session that needs others meanwhile
 *   waits. A session belongs to one thread at a time.
 */
#ifndef EDBC_ABI_H
#define EDBC_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Raised whenever the layout or the meaning of anything below changes. The
 *  runtime refuses a library description of another version. */
#define EDBC_ABI_VERSION 8
/** Alignment of buffers, bytes: one cache line, one AVX-512 register. */
#define EDBC_ALIGNMENT 64
/** Rows are padded to this many floats. As many can be read behind the last row
 *  of every array of floats: kernels read whole registers, which may begin
 *  anywhere in a row. */
#define EDBC_LANES 16
/** Most threads that one session may execute with. */
#define EDBC_MAX_THREADS 256
/** Most operands that one cell may have. */
#define EDBC_MAX_OPERANDS 64
/** The first row of a state's table. Rows of results are numbered by 32 bits:
 *  those below are of the session's array of the state, and from this one on of
 *  the model's table of the state (edbc_state_desc), from its row 0 on. */
#define EDBC_TABLE_ROW 0x80000000u

/* ---- Status and errors ---- */

typedef enum edbc_status {
  EDBC_OK = 0,
  EDBC_INVALID_ARGUMENT = 1, /**< the call's own arguments are wrong */
  EDBC_OUT_OF_MEMORY = 2,
  EDBC_IO_ERROR = 3,     /**< a file can't be opened, read or written */
  EDBC_BAD_FORMAT = 4,   /**< a file was read but is not what it should be */
  EDBC_UNSUPPORTED = 5,  /**< this machine or this library can't do that */
  EDBC_INCOMPATIBLE = 6, /**< library and runtime are of different versions */
  /**
   * A device failed, and everything on it is lost: models on it and their
   * sessions are good for nothing but being destroyed, and the process may have
   * to be started again. Or its driver refused a call for a reason that is none
   * of the above; then the same call may succeed later. The message says which.
   */
  EDBC_DEVICE_FAILED = 7,
} edbc_status;

/** One line that says what is wrong and where. Owned by the caller. */
typedef struct edbc_error {
  edbc_status status;
  char message[1020]; /**< NUL-terminated, UTF-8, no newline; cut if longer */
} edbc_error;

/* ---- The library description ---- */

/** Instruction sets for which a library may hold kernels, weakest first. */
typedef enum edbc_isa {
  EDBC_ISA_X86_64 = 0,    /**< any of the family: SSE2 */
  EDBC_ISA_X86_64_V3 = 1, /**< AVX2 and FMA */
  EDBC_ISA_X86_64_V4 = 2, /**< AVX-512 F, BW, CD, DQ, VL */
  EDBC_NUM_ISAS = 3,
} edbc_isa;

/** A learned tensor as it stands in a weights file: f32, row-major, of rank 1
 *  (a vector: `rows` is 1), 2 (a matrix) or 3 (a table of matrices). */
typedef struct edbc_param_desc {
  const char *name;
  uint32_t rank;
  uint32_t matrices; /**< rank 3: first dimension; otherwise 1 */
  uint32_t rows;
  uint32_t columns;
  /** matrices * rows * columns floats embedded at compile time, or null if they
   *  must be given when a model is created. */
  const float *data;
} edbc_param_desc;

/** A tensor of a state, at `offset` floats from the row's beginning: a vector
 *  of `width` floats, or a matrix of `columns` columns of `width` floats each.
 *  Columns lie one after another, padded to a multiple of EDBC_LANES floats. */
typedef struct edbc_field_desc {
  const char *name;
  uint32_t offset;
  uint32_t width;
  uint32_t columns;  /**< 1 for a vector */
  uint32_t reserved; /**< 0 */
} edbc_field_desc;

/** What a node produces: a named group of tensors. All nodes of all cells with
 *  this result lie in one array of rows of `stride` floats, but for those of
 *  cells that are looked up (edbc_cell_desc), which share the rows of a table
 *  that belongs to the model. */
typedef struct edbc_state_desc {
  const char *name;
  const edbc_field_desc *fields;
  uint32_t num_fields;
  uint32_t stride;
  uint32_t table;      /**< the constant that holds the table's rows */
  uint32_t table_rows; /**< 0: there is no table */
} edbc_state_desc;

typedef enum edbc_operand_kind {
  EDBC_OPERAND_STATE =
      0, /**< an earlier node whose cell yields state `index` */
  EDBC_OPERAND_TOKEN = 1, /**< an integer in [0, bound) */
  EDBC_OPERAND_DENSE = 2, /**< `bound` floats, copied when the node is added */
  /** Any number of earlier nodes whose cells yield state `index`, but at least
   *  `bound`: the operand's elements. A node may be among them repeatedly. */
  EDBC_OPERAND_STATES = 3,
} edbc_operand_kind;

/** The table of operands that nothing is looked up with. */
#define EDBC_NO_TABLE UINT32_MAX

typedef struct edbc_operand_desc {
  const char *name;
  edbc_operand_kind kind;
  uint32_t index; /**< STATE, STATES: which one; otherwise 0 */
  /** TOKEN: exclusive; DENSE: floats; STATES: fewest elements; otherwise 0. */
  uint32_t bound;
  /** STATES: floats per element of a batch that its cell's phases keep for each
   *  other; may be 0. Otherwise 0. */
  uint32_t element_workspace_stride;
  /** TOKEN, of a cell: the number of the table (see edbc_library) whose row of
   *  this token nodes need, if there is one; otherwise EDBC_NO_TABLE. */
  uint32_t table;
  uint32_t reserved; /**< 0 */
} edbc_operand_desc;

typedef enum edbc_constant_kind {
  /** Parameter `param`, its rows padded to a multiple of EDBC_LANES. */
  EDBC_CONSTANT_PADDED = 0,
  /** The weights of one phase in the order in which its kernel reads them. */
  EDBC_CONSTANT_PACKED = 1,
  /** The matrices of parameter `param` as fields of states hold them: column
   *  after column, each padded to a multiple of EDBC_LANES; matrix after matrix
   *  where the parameter's rank is 3. */
  EDBC_CONSTANT_COLUMNS = 2,
  /** The results of table number `param` (see edbc_library) for the tokens from
   *  0 to `rows` - 1, in rows of its state. */
  EDBC_CONSTANT_TABLE = 3,
  /** The table of state `param`, of `rows` rows. */
  EDBC_CONSTANT_STATE_TABLE = 4,
} edbc_constant_kind;

/** Columns [column, column + depth of its segment) of a matrix parameter, which
 *  multiply one operand and add into one product. */
typedef struct edbc_pack_term {
  uint32_t param;
  uint32_t column;
} edbc_pack_term;

/** All products of a phase that read the same operand: the kernel loads each of
 *  its `depth` elements once and multiplies it with every term's weights. */
typedef struct edbc_pack_segment {
  const edbc_pack_term *terms;
  uint32_t num_terms;
  uint32_t depth;
} edbc_pack_segment;

/**
 * A constant array that the runtime lays out once, when a model is created, or
 * a table (see edbc_library).
 *
 * PACKED, with P = ceil(rows / panel) panels: for each panel p, for each
 * segment, for each k < depth, for each term, `panel` floats
 *     param[p * panel + j][column + k],  j = 0 .. panel - 1,
 * with zeros where p * panel + j >= rows. Gates are so interleaved that one
 * register tile holds all of them for the same hidden units.
 */
typedef struct edbc_constant_desc {
  edbc_constant_kind kind;
  uint32_t param; /**< of all kinds but PACKED */
  uint32_t rows;  /**< PACKED: of every term's parameter; TABLE, STATE_TABLE */
  uint32_t panel; /**< PACKED only: a multiple of EDBC_LANES */
  const edbc_pack_segment *segments; /**< PACKED only */
  uint32_t num_segments;
} edbc_constant_desc;

/** What stands in a slot of the array of buffers that a phase is called with.
 */
typedef enum edbc_binding_kind {
  /** const uint32_t[]: of each row of the batch, its item, that is the number
   *  of its node among all nodes of the same cell, in order of addition. */
  EDBC_BINDING_ITEMS = 0,
  /** const uint32_t[], by item: the row that operand `index` (a state) has in
   *  its state's array or table. */
  EDBC_BINDING_OPERAND_ROWS = 1,
  /** const uint32_t[], by item: the token given as operand `index`. */
  EDBC_BINDING_OPERAND_TOKENS = 2,
  /** const float[], by item: the values of dense operand `index`, in rows
   *  padded to a multiple of EDBC_LANES. */
  EDBC_BINDING_OPERAND_VALUES = 3,
  /** const uint32_t[], by item: the row that the node's result has. */
  EDBC_BINDING_RESULT_ROWS = 4,
  /** float[]: the rows of state `index`. */
  EDBC_BINDING_STATE = 5,
  /** const float[]: constant `index`. */
  EDBC_BINDING_CONSTANT = 6,
  /** float[]: workspace rows, by position in the batch, of the cell's
   *  `workspace_stride` floats. */
  EDBC_BINDING_WORKSPACE = 7,

  /* Of operand `index`, which has any number of elements. The elements of a
   * batch are those of its first row, then those of its second, and so on. */

  /** const uint32_t[], by element of the batch: the row that it has in its
   *  state's array or table. */
  EDBC_BINDING_ELEMENT_ROWS = 8,
  /** const uint32_t[], by element of the batch: the position in the batch of
   *  the node that it is an operand of. */
  EDBC_BINDING_ELEMENT_OWNERS = 9,
  /** const uint32_t[], by position in the batch: the node's first element; one
   *  more entry holds the number of all elements. */
  EDBC_BINDING_ELEMENT_BEGINS = 10,
  /** float[]: workspace rows, by element of the batch, of
   *  `element_workspace_stride` floats of the operand. */
  EDBC_BINDING_ELEMENT_WORKSPACE = 11,
} edbc_binding_kind;

typedef struct edbc_binding {
  edbc_binding_kind kind;
  uint32_t index;
} edbc_binding;

/**
 * Computes one phase of a cell for its rows [row_begin, row_end) and the panels
 * [panel_begin, panel_end) of its weights. A phase has `columns` rows for each
 * node of the batch, or for each element of an operand, one after another (see
 * edbc_phase_desc); where there are none, it isn't called. Any cover of rows
 * and panels by such calls, in any order and on any threads, gives the same
 * bits. `buffers` follows the cell's bindings.
 */
typedef void (*edbc_phase_fn)(void *const *buffers, int64_t row_begin,
                              int64_t row_end, int64_t panel_begin,
                              int64_t panel_end);

/** What a phase has rows for where they are for the batch's nodes. */
#define EDBC_NODES UINT32_MAX
/** The device function of a phase of a library without kernels for devices. */
#define EDBC_NO_DEVICE_FUNCTION UINT32_MAX

/** Part of a cell that can run without waiting for others of the same batch. */
typedef struct edbc_phase_desc {
  edbc_phase_fn functions[EDBC_NUM_ISAS]; /**< null where not generated */
  uint32_t num_panels;
  /** Rows for each node or element, at least 1: more where a phase computes a
   *  matrix, whose columns they are. */
  uint32_t columns;
  /** EDBC_NODES, or the number of the STATES operand for whose elements it has
   *  rows. */
  uint32_t operand;
  /** Floats that each row brings from one place to another, where the phase
   *  computes nothing: gathers, stores and copies. Otherwise 0. */
  uint32_t copied;
  /** Its number among the library's device functions (edbc_cuda_desc), or
   *  EDBC_NO_DEVICE_FUNCTION. Phases of equal code share one. */
  uint32_t device_function;
  /** 1: of several batches of the cell that follow one another, it may be
   *  executed for all at one go, once the phases before it are for all. 0: it
   * is executed batch by batch, with those beside it of which this is true. */
  uint32_t ahead;
} edbc_phase_desc;

typedef struct edbc_cell_desc {
  const char *name;
  const edbc_operand_desc *operands;
  uint32_t num_operands;
  uint32_t result; /**< the state that it yields */
  const edbc_binding *bindings;
  uint32_t num_bindings;
  uint32_t num_phases;
  const edbc_phase_desc *phases; /**< run one after another */
  uint32_t workspace_stride;     /**< floats per row of a batch; may be 0 */
  /** 0: nodes are executed. From EDBC_TABLE_ROW on, they are looked up: the
   *  result depends on a token, the cell's only operand, or on nothing, and is
   *  in the row of that number plus the token; there are no phases. (Those of a
   *  cell of a table fill the rows; see edbc_library.) */
  uint32_t first_row;
} edbc_cell_desc;

/**
 * What chooses the next batch, among cells whose nodes may depend on one
 * another, directly or through others: two cells or more. The turns of all
 * other cells follow from what they take and yield.
 * Agenda and depth, as they were published, decide on all cells.
 */
typedef enum edbc_policy_kind {
  EDBC_POLICY_FSM = 0,    /**< a learned finite state machine */
  EDBC_POLICY_AGENDA = 1, /**< lowest average depth first (DyNet) */
  EDBC_POLICY_DEPTH = 2,  /**< depth by depth (TensorFlow Fold) */
  EDBC_POLICY_LEMMA = 3,  /**< greedy by the ratio of Lemma 2.1 */
} edbc_policy_kind;

/** How a machine sees the frontier (the ready nodes, counted by cell; those of
 *  cells that no policy chooses from are no part of it). The first three from
 *  ED-Batch, section 2.3. */
typedef enum edbc_encoding {
  EDBC_ENCODING_BASE = 0, /**< the set of cells that have ready nodes */
  EDBC_ENCODING_MAX = 1,  /**< the set, and the cell with most ready nodes */
  EDBC_ENCODING_SORT = 2, /**< the cells in order of their ready nodes */
  /** As MAX, and the cell of the batch before, and the critical cells: those a
   *  batch of which lowers the least number of batches still needed. */
  EDBC_ENCODING_CRITICAL = 3,
} edbc_encoding;

/** An entry of the finite state machine: in the state encoded as `key`, batch
 *  the ready nodes of cell `action`. The empty frontier, key 0, marks a free
 *  slot. */
typedef struct edbc_transition {
  uint64_t key;
  uint32_t action;
  uint32_t reserved; /**< 0 */
} edbc_transition;

/** The policy that a library comes with. A machine is an open-addressing hash
 *  table with linear probing; slot and key are computed as
 *  runtime/core/Policy.h says. In a state that is not in the table the choice
 *  is made by the sufficient condition (Lemma 2.1), or with
 *  EDBC_ENCODING_CRITICAL by an estimate of it. For other kinds than
 *  EDBC_POLICY_FSM the other members mean nothing. */
typedef struct edbc_policy_desc {
  edbc_policy_kind kind;
  edbc_encoding encoding;
  uint32_t log2_slots;
  uint32_t reserved;            /**< 0 */
  const edbc_transition *slots; /**< 2^log2_slots entries, at least one free */
} edbc_policy_desc;

/** A tensor that applications read: field `field` of state `state`. */
typedef struct edbc_output_desc {
  const char *name;
  uint32_t state;
  uint32_t field;
} edbc_output_desc;

/* ---- Kernels for CUDA devices ---- */

/** With what accuracy kernels multiply; sums are f32 always. */
typedef enum edbc_precision {
  EDBC_PRECISION_F32 = 0,  /**< exact products, on the ordinary units */
  EDBC_PRECISION_TF32 = 1, /**< factors rounded to 10 bits behind the point */
  EDBC_PRECISION_BF16 = 2, /**< factors rounded to 7 bits behind the point */
} edbc_precision;

/**
 * One phase of one batch: an array of these in device memory is the schedule
 * that a kernel walks. All pointers are into device memory, where states,
 * constants, indices and workspaces are laid out as in the host's, except that
 * arrays begin on multiples of EDBC_CUDA_ALIGNMENT bytes.
 */
typedef struct edbc_cuda_step {
  /** By slot of the cell's bindings. What depends on the batch (items,
   * elements, workspaces) points to this batch's part. */
  void *const *buffers;
  uint32_t function; /**< edbc_phase_desc.device_function */
  uint32_t rows;     /**< of the phase: nodes or elements, times its columns */
  /** ceil(rows / tile_rows) * tiles_per_row_tile of the function: as many
   * blocks can take part. */
  uint32_t tiles;
  /** 1: everything before must be complete first; 0: the step depends on none
   *  since the last one with 1. The first step of a launch needs none. */
  uint32_t barrier;
} edbc_cuda_step;

/** Alignment of arrays in device memory, bytes. */
#define EDBC_CUDA_ALIGNMENT 256

/** Where blocks that run at the same time wait for each other: device memory,
 *  zeros before the first launch. Every launch leaves it ready for the next;
 * two launches that may overlap need one each. */
typedef struct edbc_cuda_barrier {
  uint32_t arrived;
  uint32_t generation;
} edbc_cuda_barrier;

/** How a phase is cut into its smallest tiles, each the work of one block of
 *  threads. Kernels take larger ones where there are many rows; results don't
 *  depend on it, nor on who computes them. */
typedef struct edbc_cuda_function {
  uint32_t tile_rows;          /**< rows of a tile, at least 1 */
  uint32_t tiles_per_row_tile; /**< tiles side by side: the phase's units */
} edbc_cuda_function;

typedef enum edbc_cuda_image_kind {
  /** Runs on the architecture's major version, from its minor version on. */
  EDBC_CUDA_CUBIN = 0,
  /** Text that drivers compile for the architecture and all later ones. */
  EDBC_CUDA_PTX = 1,
  /** Runs on exactly the architecture. */
  EDBC_CUDA_EXACT_CUBIN = 2,
} edbc_cuda_image_kind;

/**
 * The library's kernel for an architecture:
 *
 *     void edbc_run(const edbc_cuda_step *steps, uint32_t num_steps,
 *                   edbc_cuda_barrier *barrier);
 *
 * It executes a schedule, in one-dimensional grids of any number of blocks of
 * `block_threads` threads and `shared_bytes` bytes of dynamic shared memory.
 * All blocks must run at the same time (a cooperative launch, of at most as
 * many as fit), unless there is one step alone: then `barrier` isn't touched.
 * Results are the same bits for any number of blocks.
 */
typedef struct edbc_cuda_image {
  const void *data;      /**< a cubin, or PTX with a NUL at its end */
  uint64_t size;         /**< bytes of `data`, the NUL included */
  uint32_t architecture; /**< 10 * major + minor: 90 for sm_90 */
  /** edbc_cuda_image_kind */
  uint32_t kind;
} edbc_cuda_image;

/** The part of a library that is compiled for CUDA devices. */
typedef struct edbc_cuda_desc {
  const edbc_cuda_image *images; /**< best ones first: cubins before PTX */
  const edbc_cuda_function *functions;
  uint32_t num_images;
  uint32_t num_functions;
  uint32_t block_threads; /**< a multiple of 32 */
  uint32_t shared_bytes;
  uint32_t precision; /**< edbc_precision */
  uint32_t reserved;  /**< 0 */
} edbc_cuda_desc;

/* ---- The whole ---- */

/** The root. A generated library named N has one such object with static
 *  storage, `edbc_library_N`, which C programs declare as
 *  `extern const edbc_library edbc_library_N;`. Two libraries in one program
 * need different names (`edbc compile --name`). */
typedef struct edbc_library {
  uint32_t abi_version; /**< EDBC_ABI_VERSION */
  uint32_t struct_size; /**< sizeof(edbc_library) */
  const char *name;     /**< the network's */
  const edbc_param_desc *params;
  const edbc_state_desc *states;
  const edbc_constant_desc *constants;
  const edbc_cell_desc *cells;
  const edbc_output_desc *outputs;
  uint32_t num_params;
  uint32_t num_states;
  uint32_t num_constants;
  uint32_t num_cells;
  uint32_t num_outputs;
  /** Tables hold what cells compute from a token and from parameters alone; the
   *  runtime computes them: when a model is created, or on the CPU, where it
   *  takes arithmetic, row by row when tokens first come. Behind the
   *  `num_cells` cells stand as many more, which are no cells to anybody else.
   * Each has one operand, a token, or none, and its results are the rows of a
   * table: of that of its state, from `first_row` on; or, where that is 0, of a
   * constant of its own (EDBC_CONSTANT_TABLE), and its state stands behind the
   * `num_states` states. */
  uint32_t num_tables;
  edbc_policy_desc policy;
  /** Null where the library wasn't compiled for CUDA. */
  const edbc_cuda_desc *cuda;
} edbc_library;

/* ---- Models ---- */

/** A network with its weights, laid out for the kernels. */
typedef struct edbc_model edbc_model;
/** One mini-batch under construction, and its results. */
typedef struct edbc_session edbc_session;

/** What executes a model's sessions. */
typedef enum edbc_device_kind {
  EDBC_DEVICE_CPU = 0,
  /** A GPU of NVIDIA. The library must be compiled for its architecture
   *  (`edbc compile --target=cuda:sm_90`). Its driver is opened when the model
   *  is created: libcuda.so.1, or the file that the environment variable
   *  EDBC_CUDA_DRIVER names. */
  EDBC_DEVICE_CUDA = 1,
} edbc_device_kind;

typedef struct edbc_model_options {
  /** A .safetensors file with every parameter under its name, f32 and of its
   *  shape; tensors that the network doesn't know are an error. Null: the
   *  weights embedded at compile time. */
  const char *weights_path;
  edbc_device_kind device;
  /** EDBC_DEVICE_CUDA: which one, as the driver numbers those that
   *  CUDA_VISIBLE_DEVICES leaves. */
  uint32_t ordinal;
} edbc_model_options;

/**
 * Creates a model. The kernels are the best ones that both the machine and the
 * library have; the environment variable EDBC_ISA (`x86-64`, `x86-64-v3`,
 * `x86-64-v4`) forces one, and it is an error if that one can't be had. The
 * last two give the same bits; the first, which can't multiply and add at once,
 * other ones within rounding.
 *
 * On a CUDA device the model keeps the primary context and one copy of the
 * weights until it is destroyed; the CPU's kernels compute its tables, and
 * those that outputs are read of stay in the host's memory as well. The
 * application's current context stays as it is in all calls.
 * @param options may be null (embedded weights).
 * @param out receives the model; free it with edbc_model_destroy when no
 * session of it is left.
 */
edbc_status edbc_model_create(const edbc_library *library,
                              const edbc_model_options *options,
                              edbc_model **out, edbc_error *error);
void edbc_model_destroy(edbc_model *model);

/** Finds out for which architecture libraries have to be compiled for CUDA
 *  device number `ordinal`: 90 for sm_90. */
edbc_status edbc_cuda_architecture(uint32_t ordinal, uint32_t *architecture,
                                   edbc_error *error);

/** The instruction set of the kernels in use: as EDBC_ISA spells it, or `sm_90`
 *  for kernels of a CUDA architecture, or `compute_90` where the driver
 * compiled them from those of an earlier one. */
const char *edbc_model_isa(const edbc_model *model);

/* ---- Sessions ---- */

/** How a session starts its kernels on a device. Results are the same bits. */
typedef enum edbc_launch {
  /** A run is one launch, whose blocks wait for each other between batches that
   *  depend on each other. Where the driver refuses that, as under some ways of
   *  sharing a device, it is EDBC_LAUNCH_STEPS. */
  EDBC_LAUNCH_ONCE = 0,
  EDBC_LAUNCH_STEPS = 1, /**< a launch for each phase of each batch */
  EDBC_LAUNCH_GRAPH = 2, /**< the same, as one CUDA graph */
} edbc_launch;

typedef struct edbc_session_options {
  /** EDBC_POLICY_FSM: the library's policy, of whatever kind. */
  edbc_policy_kind policy;
  /** Threads that execute, the caller among them, at most EDBC_MAX_THREADS; 0
   * is the same as 1. Phases that take long enough for it to pay are divided
   *  between them. Results are the same bits for any number. */
  uint32_t threads;
  edbc_launch launch; /**< for sessions on a device */
  /** 1: nodes that are the same cell applied to equal operands, of whatever
   *  instances, share one result and are executed once; 0: each is executed.
   *  Results are the same bits, and graphs that are saved hold all nodes. It
   *  pays where there are many such nodes, and costs some 50 ns a node. */
  uint32_t share;
  /**
   * A CUstream (or cudaStream_t) of the device's primary context, on which the
   * session does all its work and which must outlive it. Then edbc_session_run
   * returns when the work is enqueued, so that the application can go on;
   * edbc_session_read waits for it, and tells of failures on the device as
   * later calls do that notice them. While the stream is captured for a CUDA
   * graph, both are refused (EDBC_INVALID_ARGUMENT). Null: the session has a
   * stream of its own, and edbc_session_run returns when the results are there.
   */
  void *stream;
} edbc_session_options;

/** A node of a session's graph. Copyable; void after edbc_session_reset. Its
 *  members are the runtime's. */
typedef struct edbc_value {
  const void *session;
  uint32_t epoch;
  uint32_t node;
} edbc_value;

/** Nodes given as one operand. Read when the node is added, not later. */
typedef struct edbc_values {
  const edbc_value *data; /**< may be null where `count` is 0 */
  size_t count;
} edbc_values;

/** One argument of a cell; which member counts, the operand's kind says. */
typedef union edbc_argument {
  edbc_value state;
  uint32_t token;
  const float *values;
  edbc_values states;
} edbc_argument;

/** @param options may be null (the library's policy). The model must outlive
 * the session. */
edbc_status edbc_session_create(const edbc_model *model,
                                const edbc_session_options *options,
                                edbc_session **out, edbc_error *error);
void edbc_session_destroy(edbc_session *session);

/** Says that the nodes added from here on belong to a new instance. Instances
 *  are what edbc_session_save_graphs separates and statistics count; nodes of
 *  different instances may not refer to each other. Nodes added before the
 *  first call belong to a first instance of their own, number 0.
 *  @param instance receives its number, void after edbc_session_reset; may be
 *  null. Numbers ascend. Instances without nodes count for nothing. */
edbc_status edbc_session_begin_instance(edbc_session *session,
                                        uint32_t *instance, edbc_error *error);

/** Says that the nodes added from here on belong to instance number `instance`
 *  again, for graphs that grow: between runs an application reads values, and
 *  adds nodes to those instances that go on. */
edbc_status edbc_session_resume_instance(edbc_session *session,
                                         uint32_t instance, edbc_error *error);

/** Forgets the results of an instance that is finished, while others go on:
 *  nodes added later get its rows. Its values become void, and no nodes can be
 *  added to it: if it was the one that nodes were added to, begin or resume
 *  another one first. Its nodes must have been executed. What was given to its
 *  cells stays until the session is reset (some 60 bytes a node, list elements
 *  and dense values besides), and so do statistics and graphs. */
edbc_status edbc_session_drop_instance(edbc_session *session, uint32_t instance,
                                       edbc_error *error);

/** Adds a node: cell number `cell` applied to `arguments`, one for each of its
 *  operands. Nodes among them must be of the same session and instance. */
edbc_status edbc_session_add(edbc_session *session, uint32_t cell,
                             const edbc_argument *arguments, edbc_value *out,
                             edbc_error *error);

/** Executes all nodes added since the last run, in batches. Where it fails, the
 *  session is as before, and the call can be repeated: with less on a device
 *  that lacks memory, or after other sessions gave theirs back. A session whose
 *  device failed stays so (EDBC_DEVICE_FAILED). */
edbc_status edbc_session_run(edbc_session *session, edbc_error *error);

/** Points `data` at output number `output` of an executed node: a vector of
 *  `width` floats, or the first of a matrix's columns, which lie as
 *  edbc_field_desc says. Valid until the next run, reset or destruction, or
 *  until the node's instance is dropped. On a device, the first call after a
 *  run copies all rows of the state that the run wrote; a state that was read
 *  since the reset before the last is copied by the run itself. */
edbc_status edbc_session_read(const edbc_session *session, uint32_t output,
                              edbc_value value, const float **data,
                              size_t *width, edbc_error *error);

/** The same in the memory of the model's device, where nothing is copied from.
 *  What is done with it on another stream than the session's has to wait for
 *  that (edbc_session_stream). Valid as long. */
edbc_status edbc_session_read_device(const edbc_session *session,
                                     uint32_t output, edbc_value value,
                                     const float **data, size_t *width,
                                     edbc_error *error);

/** The CUstream on which a session works; null where that is on the CPU. */
void *edbc_session_stream(const edbc_session *session);

/** Forgets all nodes and keeps the memory. Earlier values become void. */
void edbc_session_reset(edbc_session *session);

/** Figures of the nodes since the last reset. Times in nanoseconds. */
typedef struct edbc_statistics {
  uint64_t instances;
  uint64_t nodes;
  uint64_t shared_nodes; /**< of these, that have the result of an equal one */
  uint64_t batches;
  /** Sum over cells of the longest chain of that cell's nodes: no schedule has
   *  fewer batches (ED-Batch, section 2.2). Counted by run over its nodes, but
   *  for those that have the result of an equal one. */
  uint64_t lower_bound;
  /** Choices of the policy in which its state was not in its table. */
  uint64_t fallbacks;
  /** Phases of batches that were called, however many threads divided each. */
  uint64_t launches;
  /** What phases copied that compute nothing (see edbc_phase_desc). */
  uint64_t copied_bytes;
  uint64_t build_ns;    /**< between the first addition and the run */
  uint64_t schedule_ns; /**< choosing batches */
  /** Making room for results, rows of tables that were missing, and in kernels;
   *  of a session with a stream of the
   *  application's, what the device does isn't waited for. */
  uint64_t execute_ns;
  /* On a device: */
  uint64_t device_launches; /**< of kernels and graphs */
  uint64_t barriers;        /**< for which its blocks waited */
  uint64_t uploaded_bytes;
  uint64_t downloaded_bytes;
} edbc_statistics;

/** @param lower_bound 0 skips the only figure that costs time to find. */
edbc_status edbc_session_statistics(const edbc_session *session,
                                    int lower_bound, edbc_statistics *out,
                                    edbc_error *error);

/** Writes the session's instance graphs as text that `edbc compile --samples`
 *  reads (runtime/GRAPHS.md). A file that exists is replaced as a whole. It is
 *  an error if there are no nodes: a graph file holds at least one instance. */
edbc_status edbc_session_save_graphs(const edbc_session *session,
                                     const char *path, edbc_error *error);

#ifdef __cplusplus
} /* extern "C" */

static_assert(sizeof(void *) == 8, "edbc supports 64-bit machines only");
static_assert(sizeof(edbc_param_desc) == 32, "ABI");
static_assert(sizeof(edbc_field_desc) == 24, "ABI");
static_assert(sizeof(edbc_state_desc) == 32, "ABI");
static_assert(sizeof(edbc_operand_desc) == 32, "ABI");
static_assert(sizeof(edbc_pack_term) == 8, "ABI");
static_assert(sizeof(edbc_pack_segment) == 16, "ABI");
static_assert(sizeof(edbc_constant_desc) == 32, "ABI");
static_assert(sizeof(edbc_binding) == 8, "ABI");
static_assert(sizeof(edbc_phase_desc) == 48, "ABI");
static_assert(sizeof(edbc_cell_desc) == 56, "ABI");
static_assert(sizeof(edbc_transition) == 16, "ABI");
static_assert(sizeof(edbc_policy_desc) == 24, "ABI");
static_assert(sizeof(edbc_output_desc) == 16, "ABI");
static_assert(sizeof(edbc_cuda_step) == 24, "ABI");
static_assert(sizeof(edbc_cuda_barrier) == 8, "ABI");
static_assert(sizeof(edbc_cuda_function) == 8, "ABI");
static_assert(sizeof(edbc_cuda_image) == 24, "ABI");
static_assert(sizeof(edbc_cuda_desc) == 40, "ABI");
static_assert(sizeof(edbc_library) == 112, "ABI");
#endif

#endif /* EDBC_ABI_H */
