// How the C library hands out memory to tensors.
#pragma once

namespace lethe::base {

// Freed memory stays with the process instead of going back to the system at once: activations come and go
// with every block, and each return would cost a page fault for every 4 KiB of the next one (an eighth of a
// training step on two cores). Called once, before the first tensor. A no-op where the C library has no such
// settings.
void keep_freed_memory();

}  // namespace lethe::base
