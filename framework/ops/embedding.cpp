#include "framework/ops/embedding.h"

#include <ATen/ATen.h>

namespace lethe::ops {

Jet embedding(const JetWeight& table, const at::Tensor& ids) {
  const std::int64_t directions = table.directions->count, tokens = ids.size(0), width = table.value.size(1);
  Jet rows(at::zeros({directions + 2, tokens, width}, table.value.options().requires_grad(false)));
  rows.value().copy_(table.value.index_select(0, ids));
  if (!table.moves) return rows;
  const at::Tensor known = ids.cpu();
  const std::int64_t* id = known.const_data_ptr<std::int64_t>();
  for (std::int64_t d = 0; d < directions; ++d) {
    for (std::int64_t t = 0; t < tokens; ++t) {
      rows.first(d).select(0, t).copy_(
          direction_entries(*table.directions, d, table.first + static_cast<std::uint64_t>(id[t] * width),
                            width, table.value.options()));
    }
  }
  return rows;
}

}  // namespace lethe::ops
