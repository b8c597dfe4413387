// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_ITENSOR_TYPES
#define STREAMTENSOR_ITENSOR_TYPES

include "compiler/dialects/itensor/ITensorDialect.td"
include "mlir/IR/AttrTypeBase.td"

def ITensor_ITensorType : TypeDef<ITensor_Dialect, "ITensor"> {
  let mnemonic = "itensor";
  let summary = "A tensor as a sequence of equal pieces (elements) in a given order";
  let description = [{
    `!itensor.itensor<ELEMENT, [TRIPS]*[STEPS], MAP>`.

    - ELEMENT: shape and scalar type of a piece, e.g. `1x16xf32`.
    - TRIPS: the loops that visit the pieces, outermost first. A trip count is a number or a named
      symbol with its bound, `T max 16`; it equals only the same symbol.
    - STEPS: how far each loop advances in the data.
    - MAP: from loops to data dimensions. Each result is a loop, a sum of loops (a dimension tiled
      twice) or 0; no loop stands in two of them. A loop that stands in none visits everything
      inside it again.

    The element visited at indices `i` starts at data offset MAP(i * STEPS).

    Example: 16 columns of one token at a time, row tiles outer, tokens inner:
    ```mlir
    !itensor.itensor<1x16xf32, [36, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
    ```
  }];

  let parameters = (ins
    ArrayRefParameter<"int64_t">:$elementShape,
    "::mlir::Type":$elementType,
    ArrayRefParameter<"int64_t">:$tripBounds,
    // One a loop: the symbol's name, or empty where the trip count is static.
    ArrayRefParameter<"::mlir::StringAttr">:$tripSymbols,
    ArrayRefParameter<"int64_t">:$steps,
    "::mlir::AffineMap":$map
  );

  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;

  let builders = [
    // Static trip counts only.
    TypeBuilderWithInferredContext<(ins "::llvm::ArrayRef<int64_t>":$elementShape,
      "::mlir::Type":$elementType, "::llvm::ArrayRef<int64_t>":$trips,
      "::llvm::ArrayRef<int64_t>":$steps, "::mlir::AffineMap":$map)>
  ];

  let extraClassDeclaration = [{
    int64_t getNumLoops() const { return static_cast<int64_t>(getSteps().size()); }
    int64_t getDataRank() const { return static_cast<int64_t>(getElementShape().size()); }
    bool isSymbolic(unsigned loop) const { return !getTripSymbols()[loop].getValue().empty(); }

    // The loops (outermost first) that advance data dimension `dim`.
    ::llvm::SmallVector<unsigned> getLoopsOfDim(unsigned dim) const;
    // The data dimension that `loop` advances, or -1 when it only repeats.
    int64_t getDimOfLoop(unsigned loop) const;
    // Whether some loop advances no data dimension: elements come more than once.
    bool repeats() const;

    // Shape of the whole data; a dimension that a symbol counts is dynamic.
    ::llvm::SmallVector<int64_t> getDataShape() const;
    // The same with every symbol at its bound.
    ::llvm::SmallVector<int64_t> getDataBounds() const;
    ::mlir::RankedTensorType getDataType() const;
    ::mlir::RankedTensorType getElementTensorType() const;

    // Scalars in one element.
    int64_t getElementSize() const;
    // Elements that pass by with every symbol at its bound.
    int64_t getMaxElements() const;
    // 512-bit words one element takes in a stream.
    int64_t getElementWords() const;

    // The same order with unit loops dropped and perfectly nested neighbours merged: two types
    // visit the same elements in the same order exactly when these are equal.
    ITensorType getCanonical() const;
  }];
}

#endif
