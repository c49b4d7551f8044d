//===- Passes.td - the passes of edbc ---------------------------*- tablegen -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
// In the order of the pipeline (compiler/Pipelines.cpp). One folder per pass:
// folder, class, flag and test folder derive from one another.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_PASSES_PASSES_TD
#define EDBC_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

def CellToBatch : Pass<"cell-to-batch", "::mlir::ModuleOp"> {
  let summary = "turns cells into kernels over the rows of a batch";
  let description = [{
    Every `cell.def` becomes a `batch.kernel` whose values have a leading
    dimension of rows; reading operands and storing results become explicit
    operations. A product with a concatenation becomes a sum of products with
    columns of the matrix, a stored one several stores, so that no concatenation
    remains. What a `cell.reduce` computes from its node gets rows for all
    elements of the batch (`#batch.each`); what it computes without it is
    repeated for them. Softmax and its kin become reductions of rows and
    elementwise arithmetic.

    ```mlir
    cell.def @inner(%left: !cell.ref<@Node>, %right: !cell.ref<@Node>) -> @Node {
      %l = cell.field %left["h"] : !cell.ref<@Node> -> tensor<64xf32>
      %r = cell.field %right["h"] : !cell.ref<@Node> -> tensor<64xf32>
      %e = tensor.concat dim(0) %l, %r : (tensor<64xf32>, tensor<64xf32>) -> tensor<128xf32>
      %h = cell.product @U, %e : tensor<128xf32> -> tensor<64xf32>
      cell.yield %h : tensor<64xf32>
    }
    ```

    becomes

    ```mlir
    batch.kernel @inner(%left: !batch.rows<@Node>, %right: !batch.rows<@Node>) -> @Node {
      %l = batch.gather %left["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
      %r = batch.gather %right["h"] : !batch.rows<@Node> -> tensor<?x64xf32>
      %h = batch.product %l, %r with [#batch.term<@U[0]>, #batch.term<@U[64]>]
          : tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32>
      batch.scatter %h to "h" : tensor<?x64xf32>
    }
    ```
  }];
  let dependentDialects = [
    "::edbc::batch::BatchDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect"
  ];
}

def MergeProducts : Pass<"batch-merge-products", "::edbc::batch::KernelOp"> {
  let summary = "makes one product of products that are added";
  let description = [{
    Products that are added to each other become one sum of products, which needs
    one accumulator; addends between them, such as biases, are added last, from
    left to right, however the additions are nested.

    ```mlir
    %p = batch.product %x with [#batch.term<@W[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
    %q = batch.product %h with [#batch.term<@U[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
    %s = arith.addf %p, %q : tensor<?x64xf32>
    ```

    becomes

    ```mlir
    %s = batch.product %x, %h with [#batch.term<@W[0]>, #batch.term<@U[0]>]
        : tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32>
    ```
  }];
}

def FoldTables : Pass<"batch-fold-tables", "::mlir::ModuleOp"> {
  let summary = "computes what depends on tokens alone once, in tables";
  let description = [{
    A cell whose only operand is a token, or that has none, isn't computed for
    nodes at all. Its results, for all tokens, become a table of its state: the
    kernel becomes one that computes the table's rows, and the cell's nodes have
    these as their results (`first_row` of `batch.kernel`). On the CPU the runtime
    computes a row when a node first needs it (those without arithmetic, or
    without a token, when a model is created), so that tokens that never come
    cost no time; for devices it fills tables when a model is created.

    ```mlir
    batch.state @Node {h : 64}
    batch.kernel @leaf(%word: !batch.tokens<256>) -> @Node {
      ...
    }
    ```

    becomes

    ```mlir
    batch.state @Node {h : 64} {table_rows = 256 : i64}
    batch.kernel @leaf(%word: !batch.tokens<256>) -> @Node
        attributes {first_row = 0 : i64} {
    }
    batch.kernel @leaf.word(%word: !batch.tokens<256>) -> @Node
        attributes {first_row = 0 : i64, table = 256 : i64} {
      ...
    }
    ```

    Whatever another kernel computes from a token and from parameters alone, if
    it takes a product, is likewise computed for all tokens: it becomes a kernel
    with a `table`, and the kernel looks it up. A product with both operands that
    do and that don't depend on other things begins with what was looked up.
    Those operands come first in all products, so that the sum is the same to the
    bit whether tables are used or not.

    ```mlir
    %x = batch.lookup @E[%word] : !batch.tokens<256> -> tensor<?x64xf32>
    %p = batch.product %x, %h with [#batch.term<@W[0]>, #batch.term<@U[0]>]
        : tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32>
    ```

    becomes

    ```mlir
    %t = batch.recall @step.word.values["v0"][%word] : !batch.tokens<256> -> tensor<?x64xf32>
    %p = batch.product %h from %t : tensor<?x64xf32> with [#batch.term<@U[0]>]
        : tensor<?x64xf32> -> tensor<?x64xf32>
    ```
  }];
  let options = [
    Option<"limit", "limit", "int64_t", "536870912",
           "Most bytes of all tables together, less those of parameters in whose "
           "place copies are; 0: none are made">
  ];
}

def HoistProducts : Pass<"batch-hoist-products", "::edbc::batch::KernelOp"> {
  let summary = "takes products out of recurrences";
  let description = [{
    In a chain of nodes of one cell each node waits for the one before; but not
    all of its products do. Where an operand is known in all nodes of the chain
    before the product is in any (it comes from other cells, from the
    application, or, as in the upper one of two layers, from fields that the
    product doesn't reach), a product of its own takes it, and the rest begins
    with what that gives. Phases that hold such products only can then be executed
    for many batches at one go (`PhaseOp::isAhead`): each weight is read once for
    all, and what the recurrence itself reads fits the caches better.

    Operands that are ahead stand first in all products, so that the sum is the
    same to the bit whether they are taken out or not.

    ```mlir
    %p = batch.product %x, %h with [#batch.term<@W[0]>, #batch.term<@U[0]>]
        : tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32>
    ```

    becomes

    ```mlir
    %q = batch.product %x with [#batch.term<@W[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
    %p = batch.product %h from %q : tensor<?x64xf32> with [#batch.term<@U[0]>]
        : tensor<?x64xf32> -> tensor<?x64xf32>
    ```

    With `auto`, where the weights of a cell's products are more than `cache`
    bytes, and an eighth of them or more is taken out: then it pays, for few
    instances most (`tools/bench/README.md` has figures). Elsewhere it would cost
    what it takes to write and read the sums.
  }];
  let options = [
    Option<"hoist", "hoist", "std::string", "\"auto\"",
           "What is taken out: none, all, or auto, what pays">,
    Option<"cache", "cache", "int64_t", "131072",
           "With auto: most bytes of a cell's weights that are left alone">
  ];
}

def FormPhases : Pass<"batch-form-phases", "::edbc::batch::KernelOp"> {
  let summary = "divides kernels into phases";
  let description = [{
    A phase is what one compiled function computes without waiting: products of
    operands that are in memory, and all elementwise arithmetic on their results.
    A product of a computed value needs another phase, which reads the value from
    the workspace; so do values of another width. What is reduced must be in
    memory as well: the elements of an operand, a row whose largest element is
    sought. Matrices, and values that have rows for the elements of an operand,
    have phases of their own. An operation goes to the phase that uses its result,
    if there is one, so that the result needn't be kept.

    An LSTM or TreeLSTM cell is one phase. A GRU has two, since its candidate
    multiplies the reset state:

    ```mlir
    %kept = batch.phase width 64 {
      ...
      batch.yield %r_times_h : tensor<?x64xf32>
    } : tensor<?x64xf32>
    batch.phase width 64 {
      %c = batch.product %kept with [#batch.term<@Uc[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
      ...
    }
    ```

    With `fuse=none` a phase is one batched operation instead, as a library of
    kernels would be called: equal operations that don't depend on each other
    are siblings (`batch.phase ... siblings`), batched in the order that has
    fewest phases. Only what such libraries do in one kernel stays together: a
    product and its bias, functions of one value. Every value is kept, and every
    gather and every store is a phase.

    ```mlir
    %p:3 = batch.phase width 64 siblings 3 {
      %i = batch.product %kept with [#batch.term<@Ui[0]>] : tensor<?x64xf32> -> tensor<?x64xf32>
      ...
      batch.yield %i, %o, %u : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>
    } : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>
    ```
  }];
  let options = [
    Option<"fuse", "fuse", "std::string", "\"all\"",
           "What a phase computes: all that it can, or none but one operation">
  ];
}

def PlanMemory : Pass<"batch-plan-memory", "::mlir::ModuleOp"> {
  let summary = "lays out states, weights and workspace";
  let description = [{
    Assigns to each field of a state and to each value that a phase keeps its
    place in a row, packs the weights of each phase in the order in which its
    kernel reads them (`batch.pack`: the products of a phase are interleaved, so
    that one register tile holds all gates of the same hidden units), and lists
    the buffers that a kernel's functions are called with.

    The columns of siblings (`batch.phase`) are laid out with a PQ-tree
    (ED-Batch, section 3): next to each other, in one order for all columns of a
    phase. Where no layout has all of them so, those stay that would move most
    bytes, and phases that copy the others are put between. Fields of states that
    phases read together stand together. A place in the workspace is used again
    where nobody reads what was there before; values that are tied to one another
    by columns share their fate.

    Panels have as many units as fit the registers: 64 for a lone product, 16
    where three or more share a tile, always a divisor of the padded width.
    Parameters never move at run time: they are packed when a model is created,
    so that they have no part in this.

    The other layouts are for comparison. `paper`: as in ED-Batch, a column must
    have a value of its own for each sibling, so that values which siblings share
    are copied; columns are tried in order and not by their bytes, and nothing is
    used again. `off`: in order of definition.
  }];
  let options = [
    Option<"layout", "layout", "std::string", "\"full\"",
           "How values are laid out: full, paper or off">
  ];
}

def LearnPolicy : Pass<"batch-learn-policy", "::mlir::ModuleOp"> {
  let summary = "learns the batching policy and writes it into the module";
  let description = [{
    Finds, on sample graphs, the finite state machine that batches them in fewest
    steps (Algorithm 1 of ED-Batch executes it); it becomes the module's
    `batch.policy`. It chooses among kernels whose nodes may depend on one
    another, directly or through others; where there are none, as in trees of one
    kind of inner nodes, it has no transitions. The method is tabular Q-learning
    as in the paper, or `refinement`, a local search on whole schedules that finds
    better machines in less time. With encoding `auto` the machine sees the
    frontier as `base`, if that reaches the lower bound, or else as `critical`.
    Where a policy that needs no learning takes fewer batches, on the samples or
    on graphs that were held out, it becomes the policy instead. A machine that
    takes more batches than agenda or depth for a single sample is refined until
    it doesn't; if that can't be had, another policy is taken for which it holds.

    With `batch-costs` it is not the number of batches that is made low but what
    they cost: so many nanoseconds for a batch of each kernel, say. (What a row
    costs it costs under every policy.)

    The pass does nothing where there is a policy already. Without samples (a
    programmatic option) graphs are drawn from the kernels' signatures.
  }];
  let options = [
    Option<"seed", "seed", "uint64_t", "1", "Seed of all random choices">,
    Option<"method", "method", "std::string", "\"refinement\"",
           "How it is learned: refinement or q-learning">,
    Option<"encoding", "encoding", "std::string", "\"auto\"",
           "How the machine sees the frontier: auto, base, max, sort or critical">,
    Option<"episodes", "episodes", "unsigned", "1000",
           "Most episodes of Q-learning">,
    Option<"learningRate", "learning-rate", "double", "0.4",
           "Share of a new return in the value of an action tried before">,
    Option<"discount", "discount", "double", "1",
           "Weight of a reward relative to that of the step before">,
    Option<"returnSteps", "return-steps", "unsigned", "10",
           "Steps of a return before it is bootstrapped">,
    Option<"alpha", "alpha", "double", "1",
           "Weight of ready / sources in the reward">,
    Option<"exploration", "exploration", "double", "0.5",
           "Probability of a random action in the first episode">,
    Option<"explorationDecay", "exploration-decay", "double", "0.9",
           "What it is multiplied with after each episode">,
    Option<"minExploration", "min-exploration", "double", "0.05",
           "Where it stops to fall">,
    Option<"evaluationInterval", "evaluation-interval", "unsigned", "10",
           "Episodes between two evaluations of the greedy policy">,
    Option<"beginWithLemma", "begin-with-lemma", "bool", "true",
           "Q-learning takes the lemma's choice where nothing was tried yet; in "
           "the paper, any type">,
    Option<"memory", "memory", "unsigned", "1024",
           "Most memory to learn with, about, in MiB">,
    ListOption<"batchCosts", "batch-costs", "std::string",
               "What a batch of each kernel costs, as KERNEL=NUMBER: this is made "
               "low, not the number of batches">,
    Option<"batchSize", "batch", "unsigned", "32",
           "Instances of one sample mini-batch">
  ];
}

def LowerPhases : Pass<"batch-lower-phases", "::mlir::ModuleOp"> {
  let summary = "generates the functions of the phases";
  let description = [{
    For each instruction set, adds a module with one function for each phase
    (`edbc_phase_fn` of edbc/abi.h) in terms of `scf`, `memref` and `vector`.
    A function walks blocks of rows, panels of units and tiles of rows: it
    accumulates all products of the phase for a tile in registers, reading
    operands where they lie, and hands the sums of each row to the phase's
    epilogue, an internal function that computes the rest and stores it. Each
    accumulator sums in the same order whatever the tile, so results don't depend
    on a batch's size. They are the same for x86-64-v3 and x86-64-v4; x86-64 has
    no fused multiply-add, and rounds products before it adds them.
  }];
  let options = [
    ListOption<"isas", "isas", "std::string",
               "Instruction sets: x86-64, x86-64-v3, x86-64-v4; all if none is "
               "named">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def ExpandMath : Pass<"expand-math"> {
  let summary = "expands exp, tanh and log into vector arithmetic";
  let description = [{
    Left alone, `math.exp`, `math.tanh` and `math.log` become calls of scalar
    library functions. On f32 and vectors of f32 this pass replaces them by
    `arith` operations and `math.fma`, `math.absf` and `math.copysign`, each of
    which is an instruction or two; there are no branches and no tables. Other
    types are left alone. Lanes don't depend on each other, so that a result has
    the same bits in a vector of any length. Where the only use of an `exp` is a
    sum in its block, the last multiplication and the sum are one `math.fma`. The
    logistic function 1 / (1 + exp(-x)) is expanded as a whole, by three quarters of
    the operations of its parts.

    The largest relative errors found, over every f32 argument:

    | function | error | special arguments and results |
    |---|---|---|
    | exp | 8.6e-8 | overflow gives infinity; underflow is gradual, less than one unit off |
    | tanh | 1.84e-7 | odd bit by bit; 1 from 9.02 on |
    | log | 1.04e-7 | right for subnormal arguments; 0 gives -infinity, below is NaN |
    | 1 / (1 + exp(-x)) | 1.48e-7 | 0 and 1 at the infinities; 0 where it would be subnormal |

    In a module for an instruction set without fused multiply-adds (x86-64) they
    are a multiplication and an addition, and reductions go by a constant in two
    parts; the bounds hold but for log, where it is 1.17e-7.

    NaN gives NaN, and infinities and zeros what the C standard says. Rounding to
    nearest and the handling of subnormal numbers by the standard are taken for
    granted; a processor set to flush them gives 0 instead.

    ```mlir
    %y = math.tanh %x : vector<16xf32>
    ```

    becomes

    ```mlir
    %a = math.absf %x : vector<16xf32>
    ...
    %q = arith.divf %numerator, %denominator : vector<16xf32>
    %y = math.copysign %q, %x : vector<16xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"
  ];
}

def LowerBind : Pass<"batch-lower-bind", "::mlir::ModuleOp"> {
  let summary = "turns batch.bind into memref descriptors";
  let description = [{
    Loads the buffer's pointer from its slot and builds the descriptor that
    `finalize-memref-to-llvm` expects, joined by an unrealized cast that
    `reconcile-unrealized-casts` removes.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def CheckDialects : Pass<"check-dialects"> {
  let summary = "fails where operations of other dialects remain";
  let description = [{
    Stands at the end of each stage of the pipeline. Names the stage and the
    first operation that should have been gone.
  }];
  let options = [
    Option<"stage", "stage", "std::string", "\"\"", "Name of the stage">,
    ListOption<"allowed", "allowed", "std::string", "Names of dialects">
  ];
}

#endif // EDBC_PASSES_PASSES_TD
