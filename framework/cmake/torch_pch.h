// The precompiled header of parts that compute with tensors. Not autograd's headers, which few files read: each header
// leaves templates that every file which has it instantiates at its end again (a third of the time then).
#pragma once
#include <ATen/ATen.h>

#include "framework/cmake/common_pch.h"
