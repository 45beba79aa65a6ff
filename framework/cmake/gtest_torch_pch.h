// The precompiled header of tests that compute with tensors.
#pragma once
#include "framework/cmake/gtest_pch.h"
#include "framework/cmake/torch_pch.h"
