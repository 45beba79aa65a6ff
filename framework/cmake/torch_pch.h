// The precompiled header of parts that compute with tensors.
#pragma once
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "framework/cmake/common_pch.h"
