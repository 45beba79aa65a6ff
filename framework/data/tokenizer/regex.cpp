#define PCRE2_CODE_UNIT_WIDTH 8
#include "framework/data/tokenizer/regex.h"

#include <pcre2.h>

#include "framework/base/error.h"
#include "framework/data/tokenizer/unicode.h"

namespace lethe::data {
namespace {

// What a match may cost before it is given up. A sane pattern needs a few steps a character; one that
// backtracks exponentially reaches the limit in well under a second.
constexpr std::uint32_t kMatchLimit = 5'000'000;
constexpr std::size_t kJitStackBytes = 8 << 20;

std::string pcre2_message(int code) {
  PCRE2_UCHAR buffer[256];
  pcre2_get_error_message(code, buffer, sizeof buffer);
  return reinterpret_cast<const char*>(buffer);
}

// Where a compiled match keeps its state. A stack serves one match at a time, and a pattern serves any number
// of threads, so each thread has its own.
pcre2_jit_stack* stack_of_this_thread(void*) {
  thread_local const std::unique_ptr<pcre2_jit_stack, decltype(&pcre2_jit_stack_free)> stack(
      pcre2_jit_stack_create(32 << 10, kJitStackBytes, nullptr), &pcre2_jit_stack_free);
  return stack.get();
}

[[noreturn]] void fail_match(int code, const std::string& pattern) {
  const bool limit = code == PCRE2_ERROR_MATCHLIMIT || code == PCRE2_ERROR_JIT_STACKLIMIT ||
                     code == PCRE2_ERROR_DEPTHLIMIT || code == PCRE2_ERROR_HEAPLIMIT;
  fail("tokenizer.regex",
       fmt::format("{}: `{}`", limit ? "match limit reached" : pcre2_message(code), pattern));
}

}  // namespace

struct Regex::Compiled {
  std::string pattern;
  pcre2_code* code = nullptr;
  pcre2_match_context* context = nullptr;

  ~Compiled() {
    pcre2_match_context_free(context);
    pcre2_code_free(code);
  }
};

Regex::Regex(const std::string& pattern) : compiled_(std::make_unique<Compiled>()) {
  compiled_->pattern = pattern;
  const std::string translated = to_pcre2(pattern);
  int error = 0;
  PCRE2_SIZE offset = 0;
  compiled_->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                  PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error, &offset, nullptr);
  if (compiled_->code == nullptr)
    fail("tokenizer.regex", fmt::format("`{}`: {} at offset {}", pattern, pcre2_message(error), offset));
  compiled_->context = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(compiled_->context, kMatchLimit);
  // Where it cannot be compiled, the interpreter gives the same matches.
  if (pcre2_jit_compile(compiled_->code, PCRE2_JIT_COMPLETE) == 0)
    pcre2_jit_stack_assign(compiled_->context, &stack_of_this_thread, nullptr);
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

void Regex::for_each_match(std::string_view text,
                           const std::function<void(std::size_t, std::size_t)>& visit) const {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create_from_pattern(compiled_->code, nullptr), &pcre2_match_data_free);
  std::size_t at = 0;
  std::size_t last_end = std::string_view::npos;
  while (at <= text.size()) {
    const int found = pcre2_match(compiled_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                                  PCRE2_NO_UTF_CHECK, data.get(), compiled_->context);
    if (found == PCRE2_ERROR_NOMATCH) return;
    if (found < 0) fail_match(found, compiled_->pattern);
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(data.get());
    const bool empty = range[0] == range[1];
    if (!empty || range[1] != last_end)
      visit(range[0], range[1]);  // an empty match right behind a match is none
    last_end = at = range[1];
    if (!empty) continue;
    if (at >= text.size()) return;
    (void)next_code_point(text, at);
  }
}

}  // namespace lethe::data
