// How the C library hands out memory to tensors.
#pragma once

namespace lethe::base {

// Freed memory stays with the process instead of going back to the system at once: activations come and go
// with every block, and each return costs a page fault for every 4 KiB of the next one. Called once, before the
// first tensor. A no-op where the C library has no such settings.
void keep_freed_memory();

}  // namespace lethe::base
