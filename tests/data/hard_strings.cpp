#include "tests/data/hard_strings.h"

#include <array>

#include "framework/base/random.h"
#include "framework/data/tokenizer/unicode.h"

namespace lethe::data::testing {
namespace {

struct Block {
  char32_t first, last;
};

constexpr std::array kBlocks = {
    Block{0x20, 0x7e},       Block{0xa0, 0x24f},      Block{0x300, 0x36f},     Block{0x370, 0x3ff},
    Block{0x400, 0x4ff},     Block{0x590, 0x5ff},     Block{0x600, 0x6ff},     Block{0x900, 0x97f},
    Block{0xe00, 0xe7f},     Block{0x1100, 0x11ff},   Block{0x1780, 0x180e},   Block{0x2000, 0x206f},
    Block{0x2070, 0x20cf},   Block{0x2100, 0x218f},   Block{0x2460, 0x24ff},   Block{0x3000, 0x30ff},
    Block{0x4e00, 0x9fff},   Block{0xac00, 0xd7a3},   Block{0xfb00, 0xfb4f},   Block{0xff00, 0xffef},
    Block{0x1d400, 0x1d7ff}, Block{0x1e900, 0x1e95f}, Block{0x1f300, 0x1faff}, Block{0xe0000, 0xe007f},
    Block{0x0, 0x1f},        Block{0x7f, 0x9f},       Block{0x1f1e6, 0x1f1ff}, Block{0x20000, 0x2a6df}};

const std::array kFragments = {"'s",
                               "'t",
                               "'re",
                               "'LL",
                               "'D",
                               " ",
                               "  ",
                               "     ",
                               "\t",
                               "\n",
                               "\r\n",
                               "\n\n",
                               " \n ",
                               "\u00a0",
                               "\u3000",
                               "\u200d",
                               "\ufe0f",
                               "👩‍👩‍👧‍👦",
                               "🏳️‍🌈",
                               "e\u0301",
                               "12345",
                               "٣٤٥",
                               "½",
                               "Ⅷ",
                               "²",
                               "<|im_end|>",
                               "<|im_start|>",
                               "<|endoftext|>",
                               "<s>",
                               "</s>",
                               "<unk>",
                               "<0x41>",
                               "<|im_",
                               "_",
                               "-",
                               "'",
                               "’s",
                               "\u180e",
                               "\u0085",
                               "\u200b",
                               "ſ",
                               "İ",
                               "ß",
                               "tide",
                               "tides",
                               "[mask]",
                               "[cut]",
                               "Port Ellery",
                               " the",
                               "The",
                               "▁",
                               "Ġ",
                               "!!!!!!!!!!!!!!",
                               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                               "00000000000000000000"};

class Picker {
 public:
  Picker(std::uint64_t seed, int row) : key_{.seed = seed, .draw = static_cast<std::uint32_t>(row)} {}
  std::uint32_t below(std::size_t bound) {
    return base::random_words(key_, step_++)[0] % static_cast<std::uint32_t>(bound);
  }

 private:
  base::StreamKey key_;
  std::uint64_t step_ = 0;
};

std::string from_block(Picker& pick) {
  const Block block = kBlocks[pick.below(kBlocks.size())];
  std::string text;
  for (auto n = 1 + pick.below(6); n > 0; --n)
    append_code_point(text, block.first + pick.below(block.last - block.first + 1));
  return text;
}

}  // namespace

std::vector<std::string> hard_strings(std::uint64_t seed, int count) {
  std::vector<std::string> texts = {"",
                                    std::string(20000, 'a'),
                                    std::string(5000, ' '),
                                    std::string(3000, '\n'),
                                    std::string(3000, '1'),
                                    std::string("\0a\0", 3)};
  for (int row = 0; row < count; ++row) {
    Picker pick(seed, row);
    std::string text;
    for (auto n = 1 + pick.below(12); n > 0; --n)
      text += pick.below(2) == 0 ? kFragments[pick.below(kFragments.size())] : from_block(pick);
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace lethe::data::testing
