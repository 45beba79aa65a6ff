// Adds what several ranks hold, in rank order, so that every backend gives the same bits whatever the order
// of arrival.
#pragma once

#include <cstddef>
#include <span>

#include "framework/dist/process_group.h"

namespace lethe::dist {

// out[i] = sources[0][i] op sources[1][i] op …, left to right, `count` elements of `dtype`. bf16 goes through
// float32 and is rounded once, to nearest even. Integers wrap. min and max give NaN where any source is NaN.
// `out` may be one of the sources; otherwise it overlaps none.
void reduce_in_order(std::span<const void* const> sources, void* out, std::size_t count, DType dtype,
                     Reduce op);

}  // namespace lethe::dist
