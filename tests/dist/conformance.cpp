#include "tests/dist/conformance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <thread>
#include <vector>

#include "framework/base/random.h"
#include "tests/dist/values.h"

namespace lethe::dist::tests {
namespace {

constexpr std::size_t kCounts[] = {0, 1, 2, 3, 17, 1000, 12289, 40001};
// Several chunks of the mpi group, 40 MB in all.
constexpr std::size_t kLarge = 10'000'019;

std::size_t ranks(const ProcessGroup& group) { return static_cast<std::size_t>(group.size()); }
std::size_t place(const ProcessGroup& group) { return static_cast<std::size_t>(group.rank()); }

Bytes exact_input(const ProcessGroup& group, std::size_t count, DType dtype) {
  return make_bytes(count, dtype, [&](std::size_t i) { return exact_value(group.rank(), i); });
}

template <class Check>
void for_all_shapes(Check check) {
  for (const DType dtype : kAllDTypes) {
    for (const std::size_t count : kCounts) check(count, dtype);
  }
}

void gathers(ProcessGroup& group, std::size_t count, DType dtype, bool in_place) {
  Bytes out = make_bytes(count * ranks(group), dtype, [](std::size_t) { return 99; });
  Bytes in = exact_input(group, count, dtype);
  const Span own = part(out, dtype, place(group) * count, count);
  if (in_place && count > 0) std::memcpy(own.data, in.data(), in.size());
  group.all_gather(in_place ? own : span(in, dtype), span(out, dtype));
  const Bytes expected = make_bytes(count * ranks(group), dtype, [&](std::size_t i) {
    return exact_value(static_cast<int>(i / count), i % count);
  });
  EXPECT_TRUE(out == expected) << "count " << count << ", dtype " << static_cast<int>(dtype);
}

void all_gather_puts_every_rank_in_its_place(ProcessGroup& group) {
  for_all_shapes([&](std::size_t count, DType dtype) { gathers(group, count, dtype, false); });
}
void all_gather_works_in_place(ProcessGroup& group) {
  for_all_shapes([&](std::size_t count, DType dtype) { gathers(group, count, dtype, true); });
}

void scatters(ProcessGroup& group, std::size_t count, DType dtype, bool in_place) {
  Bytes in = exact_input(group, count * ranks(group), dtype);
  Bytes apart(count * size_of(dtype));
  const Span out = in_place ? part(in, dtype, place(group) * count, count) : span(apart, dtype);
  group.reduce_scatter(span(in, dtype), out);
  const Bytes expected = make_bytes(
      count, dtype, [&](std::size_t i) { return exact_sum(group.size(), place(group) * count + i); });
  EXPECT_TRUE(count == 0 || std::memcmp(out.data, expected.data(), expected.size()) == 0)
      << "count " << count << ", dtype " << static_cast<int>(dtype);
}

void reduce_scatter_gives_each_rank_its_sum(ProcessGroup& group) {
  for_all_shapes([&](std::size_t count, DType dtype) { scatters(group, count, dtype, false); });
}
void reduce_scatter_works_in_place(ProcessGroup& group) {
  for_all_shapes([&](std::size_t count, DType dtype) { scatters(group, count, dtype, true); });
}
void reduce_scatter_leaves_its_input(ProcessGroup& group) {
  const std::size_t count = 70'001;
  Bytes in = exact_input(group, count * ranks(group), DType::f32);
  const Bytes before = in;
  Bytes out(count * 4);
  group.reduce_scatter(span(in, DType::f32), span(out, DType::f32));
  EXPECT_TRUE(in == before);
}

void all_to_all_exchanges_pieces(ProcessGroup& group) {
  for_all_shapes([&](std::size_t count, DType dtype) {
    const Bytes in = exact_input(group, count * ranks(group), dtype);
    Bytes out = make_bytes(count * ranks(group), dtype, [](std::size_t) { return 99; });
    group.all_to_all({in.data(), count * ranks(group), dtype}, span(out, dtype));
    const Bytes expected = make_bytes(count * ranks(group), dtype, [&](std::size_t i) {
      return exact_value(static_cast<int>(i / count), place(group) * count + i % count);
    });
    EXPECT_TRUE(out == expected) << "count " << count << ", dtype " << static_cast<int>(dtype);
  });
}

void all_reduce_sums(ProcessGroup& group) {
  for_all_shapes([&](std::size_t count, DType dtype) {
    Bytes values = exact_input(group, count, dtype);
    group.all_reduce(span(values, dtype));
    EXPECT_TRUE(values == make_bytes(count, dtype, [&](std::size_t i) { return exact_sum(group.size(), i); }))
        << "count " << count << ", dtype " << static_cast<int>(dtype);
  });
}

void all_reduce_finds_extremes(ProcessGroup& group) {
  for_all_shapes([&](std::size_t count, DType dtype) {
    for (const Reduce op : {Reduce::min, Reduce::max}) {
      Bytes values = exact_input(group, count, dtype);
      group.all_reduce(span(values, dtype), op);
      const auto extreme = [&](std::size_t i) {
        int best = exact_value(0, i);
        for (int rank = 1; rank < group.size(); ++rank) {
          const int value = exact_value(rank, i);
          best = op == Reduce::min ? std::min(best, value) : std::max(best, value);
        }
        return best;
      };
      EXPECT_TRUE(values == make_bytes(count, dtype, extreme)) << "count " << count;
    }
  });
}

void extremes_keep_nan(ProcessGroup& group) {
  for (const Reduce op : {Reduce::min, Reduce::max}) {
    for (int bad = 0; bad < group.size(); ++bad) {
      float value = group.rank() == bad ? std::nanf("") : 1.0f;
      group.all_reduce({&value, 1, DType::f32}, op);
      EXPECT_TRUE(std::isnan(value)) << "NaN of rank " << bad;
    }
  }
}

float sum_in_rank_order(int size, std::size_t i) {
  float sum = rough_value(0, i);
  for (int rank = 1; rank < size; ++rank) sum += rough_value(rank, i);
  return sum;
}

std::vector<float> rough_input(const ProcessGroup& group, std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = rough_value(group.rank(), i);
  return values;
}

void float_sums_are_in_rank_order(ProcessGroup& group) {
  for (const std::size_t count : {std::size_t{5}, std::size_t{4099}, std::size_t{300'007}}) {
    std::vector<float> values = rough_input(group, count);
    group.all_reduce(span_of(std::span(values)));
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < count; ++i) {
      wrong += std::bit_cast<std::uint32_t>(values[i]) !=
               std::bit_cast<std::uint32_t>(sum_in_rank_order(group.size(), i));
    }
    EXPECT_EQ(wrong, 0u) << "of " << count;
  }
}

void scattered_sums_equal_all_reduced_ones(ProcessGroup& group) {
  const std::size_t share = 60'013;
  std::vector<float> whole = rough_input(group, share * ranks(group)), out(share);
  group.reduce_scatter(span_of(std::span(whole)), span_of(std::span(out)));
  group.all_reduce(span_of(std::span(whole)));
  EXPECT_EQ(std::memcmp(out.data(), whole.data() + place(group) * share, share * sizeof(float)), 0);
}

// 256 + 1 is 256 in bf16: adding in bf16 would lose every 1, rounding once keeps their sum.
void bf16_is_rounded_once(ProcessGroup& group) {
  std::vector<std::uint16_t> values(20'001, exact_bf16(group.rank() == 0 ? 256.0f : 1.0f));
  group.all_reduce({values.data(), values.size(), DType::bf16});
  const float exact = 255.0f + static_cast<float>(group.size());
  const float even = static_cast<float>(static_cast<int>(exact + 1) / 2 * 2);  // bf16 steps by 2 here
  const float expected =
      exact == even ? exact : (static_cast<int>(exact - 1) % 4 == 0 ? exact - 1 : exact + 1);
  for (const std::uint16_t bits : {values.front(), values[10'000], values.back()})
    EXPECT_EQ(from_bf16(bits), expected);
}

void broadcast_spreads_from_any_root(ProcessGroup& group) {
  for (int root = 0; root < group.size(); ++root) {
    for (const std::size_t count : kCounts) {
      Bytes values = exact_input(group, count, DType::i64);
      group.broadcast(span(values, DType::i64), root);
      EXPECT_TRUE(values ==
                  make_bytes(count, DType::i64, [&](std::size_t i) { return exact_value(root, i); }));
    }
  }
}

void split_orders_by_key(ProcessGroup& group) {
  const auto part = group.split(group.rank() % 2, -group.rank());  // the last rank comes first
  const int members = (group.size() + 1 - group.rank() % 2) / 2;
  ASSERT_EQ(part->size(), members);
  EXPECT_EQ(part->rank(), members - 1 - group.rank() / 2);
  std::int64_t sum = group.rank();
  part->all_reduce({&sum, 1, DType::i64});
  std::int64_t expected = 0;
  for (int rank = group.rank() % 2; rank < group.size(); rank += 2) expected += rank;
  EXPECT_EQ(sum, expected);
}

void equal_keys_keep_the_order_of_ranks(ProcessGroup& group) {
  const auto same = group.split(3, 0);
  EXPECT_EQ(same->size(), group.size());
  EXPECT_EQ(same->rank(), group.rank());
  const auto alone = group.split(group.rank(), 0);
  EXPECT_EQ(alone->size(), 1);
  laws()[0].check(*alone);
}

void groups_do_not_disturb_each_other(ProcessGroup& group) {
  const auto first = group.split(0, 0), second = group.split(0, 0);
  std::vector<float> a(50'021), b(50'021);
  const auto work = [](ProcessGroup& own, std::vector<float>& values, float start) {
    for (int round = 0; round < 10; ++round) {
      std::ranges::fill(values, start + static_cast<float>(round));
      own.all_reduce(span_of(std::span(values)));
    }
  };
  {
    const std::jthread other([&] { work(*first, a, 100.0f); });
    work(*second, b, 500.0f);
  }
  const auto all = static_cast<float>(group.size());
  EXPECT_EQ(a, std::vector<float>(a.size(), 109.0f * all));
  EXPECT_EQ(b, std::vector<float>(b.size(), 509.0f * all));
}

void large_counts_arrive_whole(ProcessGroup& group) {
  std::vector<float> values(kLarge);
  for (std::size_t i = 0; i < kLarge; ++i) values[i] = static_cast<float>(exact_value(group.rank(), i));
  group.all_reduce(span_of(std::span(values)));
  std::array<float, 13> sums{};  // exact_value repeats after 13
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = static_cast<float>(exact_sum(group.size(), i));
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kLarge; ++i) wrong += values[i] != sums[i % 13];
  EXPECT_EQ(wrong, 0u);
}

// The same random calls on every rank.
void random_sequences_stay_in_step(ProcessGroup& group) {
  for (std::uint64_t call = 0; call < 120; ++call) {
    const auto words = base::random_words({.seed = 5}, call);
    const std::size_t count = words[1] % (words[2] % 8 == 0 ? 90'000 : 300);
    const DType dtype = kAllDTypes[words[3] % 5];
    switch (words[0] % 4) {
      case 0:
        gathers(group, count, dtype, words[2] & 1);
        break;
      case 1:
        scatters(group, count, dtype, words[2] & 1);
        break;
      case 2:
        group.barrier();
        break;
      default: {
        Bytes values = exact_input(group, count, dtype);
        group.all_reduce(span(values, dtype));
        EXPECT_TRUE(values ==
                    make_bytes(count, dtype, [&](std::size_t i) { return exact_sum(group.size(), i); }));
      }
    }
  }
}

constexpr Law kLaws[] = {
    {"AllGatherPutsEveryRankInItsPlace", all_gather_puts_every_rank_in_its_place},
    {"AllGatherWorksInPlace", all_gather_works_in_place},
    {"ReduceScatterGivesEachRankItsSum", reduce_scatter_gives_each_rank_its_sum},
    {"ReduceScatterWorksInPlace", reduce_scatter_works_in_place},
    {"ReduceScatterLeavesItsInput", reduce_scatter_leaves_its_input},
    {"AllToAllExchangesPieces", all_to_all_exchanges_pieces},
    {"AllReduceSums", all_reduce_sums},
    {"AllReduceFindsExtremes", all_reduce_finds_extremes},
    {"ExtremesKeepNan", extremes_keep_nan},
    {"FloatSumsAreInRankOrder", float_sums_are_in_rank_order},
    {"ScatteredSumsEqualAllReducedOnes", scattered_sums_equal_all_reduced_ones},
    {"Bf16IsRoundedOnce", bf16_is_rounded_once},
    {"BroadcastSpreadsFromAnyRoot", broadcast_spreads_from_any_root},
    {"SplitOrdersByKey", split_orders_by_key},
    {"EqualKeysKeepTheOrderOfRanks", equal_keys_keep_the_order_of_ranks},
    {"GroupsDoNotDisturbEachOther", groups_do_not_disturb_each_other},
    {"LargeCountsArriveWhole", large_counts_arrive_whole},
    {"RandomSequencesStayInStep", random_sequences_stay_in_step},
};

}  // namespace

std::span<const Law> laws() { return kLaws; }

}  // namespace lethe::dist::tests
