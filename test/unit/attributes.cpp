// SPDX-License-Identifier: MIT
#include "attributes.hpp"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <tuple>

#include "support/constants.hpp"

namespace bpflink::test {

namespace {

const std::vector<long> answered{
    SYS_bpf,      SYS_perf_event_open, SYS_ioctl, SYS_openat, SYS_readlinkat,
#ifdef SYS_readlink
    SYS_readlink,
#endif
};

bool makes_descriptor(std::uint32_t number) {
  constexpr std::uint32_t makers[] = {
      command::map_create,          command::prog_load,        command::obj_get,
      command::prog_get_fd_by_id,   command::map_get_fd_by_id, command::btf_get_fd_by_id,
      command::raw_tracepoint_open, command::link_create,      command::link_get_fd_by_id,
      command::iter_create,
  };
  return std::find(std::begin(makers), std::end(makers), number) != std::end(makers);
}

// What an argument or a field of an attribute points to, in this same process.
template <class T>
T* at_address(std::uint64_t address) {
  return reinterpret_cast<T*>(static_cast<std::uintptr_t>(address));
}

// An update to no program: only a link misses it.
template <class Call>
bool asks_whether_link(const Call& call) {
  return call.command() == command::link_update && call.at(4) == 0xffffffff;
}

std::string number(std::uint64_t value) { return std::to_string(value); }

}  // namespace

attribute&& attribute::text(std::size_t offset, std::string_view characters) && {
  std::memcpy(bytes_.data() + offset, characters.data(), characters.size());
  return std::move(*this);
}

attribute&& attribute::any(std::size_t offset) && {
  any_.insert(any_.end(), {offset, offset + 4});
  return std::move(*this);
}

attribute&& attribute::put(std::size_t offset, std::uint64_t value, std::size_t size) && {
  if (offset + size > bytes_.size()) throw std::logic_error("a field behind the end of the attribute");
  std::memcpy(bytes_.data() + offset, &value, size);
  return std::move(*this);
}

std::string attribute::words_of(const std::vector<std::byte>& bytes) const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string line = std::to_string(bytes.size()) + " bytes:";
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    if (index % 4 == 0) line += ' ';
    const bool hidden = std::find(any_.begin(), any_.end(), index - index % 4) != any_.end();
    const auto byte = std::to_integer<unsigned>(bytes[index]);
    line += hidden ? '?' : digits[byte >> 4U];
    line += hidden ? '?' : digits[byte & 15U];
  }
  return line;
}

// The supervisor's own thread is not covered, and so may open and duplicate.
false_kernel::false_kernel() : supervisor_(answered), null_(::open("/dev/null", O_RDWR | O_CLOEXEC)) {
  expect(null_ >= 0, "no /dev/null");
}

void false_kernel::serve(std::string path_end, std::string_view text) {
  served_ = std::move(path_end);
  content_ = ::memfd_create("served", MFD_CLOEXEC);
  expect_equal(::write(content_, text.data(), text.size()), static_cast<std::int64_t>(text.size()));
}

void false_kernel::keep_parameters(const observed_call& call) {
  const auto* const from = at_address<const std::byte>(call.at<std::uint64_t>(16));
  size_ = std::min<std::size_t>(call.at(24), parameters_.size());
  if (from != nullptr) std::copy_n(from, size_, parameters_.begin());
}

void false_kernel::keep_element(const observed_call& call) {
  constexpr std::size_t key_size = 4;
  constexpr std::size_t value_size = 8;
  size_ = key_size + value_size;
  std::copy_n(at_address<const std::byte>(call.at<std::uint64_t>(8)), key_size, parameters_.begin());
  std::copy_n(at_address<const std::byte>(call.at<std::uint64_t>(16)), value_size, parameters_.begin() + key_size);
}

void false_kernel::tell(const observed_call& call) const {
  inform_(at_address<std::byte>(call.at<std::uint64_t>(8)), call.at(4));
  if (informed_ != 0) std::memcpy(at_address<std::byte>(call.arguments[1]) + 4, &informed_, sizeof informed_);
}

void false_kernel::show_attached(std::uint32_t id, std::uint32_t attach_flags, std::uint64_t revision) {
  attached_ = id;
  attach_flags_ = attach_flags;
  revision_ = revision;
}

void false_kernel::fill_query(const observed_call& call) const {
  const std::uint32_t count = attached_ != 0 ? 1 : 0;
  auto* const attr = at_address<std::byte>(call.arguments[1]);
  std::memcpy(attr + 12, &attach_flags_, sizeof attach_flags_);
  std::memcpy(attr + 24, &count, sizeof count);
  std::memcpy(attr + 56, &revision_, sizeof revision_);
  auto* const ids = at_address<std::byte>(call.at<std::uint64_t>(16));
  if (ids != nullptr && count != 0) std::memcpy(ids, &attached_, sizeof attached_);
}

verdict false_kernel::answer_bpf(const observed_call& call) {
  const auto number = call.command();
  if (number == command::link_create && call.at(8) == attach_type::trace_iter) keep_parameters(call);
  if (number == command::map_update_elem) keep_element(call);
  if (errors_[number] != 0) return verdict::fail(errors_[number]);
  if (number == command::prog_query) fill_query(call);
  if (asks_whether_link(call)) return verdict::fail(EBADF);
  if (number == command::obj_get_info_by_fd && inform_) tell(call);
  return makes_descriptor(number) ? another_null() : verdict::give(0);
}

verdict false_kernel::answer_readlink(const observed_call& call) const {
  if (shown_.empty()) return verdict::proceed();
  const unsigned buffer = call.number == SYS_readlinkat ? 2 : 1;
  const auto length = std::min<std::size_t>(shown_.size(), call.arguments[buffer + 1]);
  std::memcpy(at_address<char>(call.arguments[buffer]), shown_.data(), length);
  return verdict::give(static_cast<std::int64_t>(length));
}

verdict false_kernel::answer_open(const observed_call& call) const {
  std::string_view path{reinterpret_cast<const char*>(call.bytes.data()), call.bytes.size()};
  path = path.substr(0, path.find('\0'));
  if (content_ < 0 || !path.ends_with(served_)) return verdict::proceed();
  std::array<char, 40> content{};
  std::snprintf(content.data(), content.size(), "/proc/self/fd/%d", content_);
  return verdict::give(::open(content.data(), O_RDONLY | O_CLOEXEC));
}

verdict false_kernel::another_null() const { return verdict::give(::fcntl(null_, F_DUPFD_CLOEXEC, 3)); }

verdict false_kernel::answer(const observed_call& call) {
  switch (call.number) {
    case SYS_bpf:
      return answer_bpf(call);
    case SYS_perf_event_open:
      return another_null();
    case SYS_ioctl:
      // Namespaces are real.
      return call.arguments[1] == NS_GET_NSTYPE ? verdict::proceed() : verdict::give(0);
    case SYS_openat:
      return answer_open(call);
    default:
      return answer_readlink(call);
  }
}

std::vector<system_call> false_kernel::calls(const std::function<void()>& f) {
  return supervisor_.with_handler([this](const observed_call& call) { return answer(call); }, f);
}

void false_kernel::expect_calls(const std::function<void()>& f, const std::vector<attribute>& expected,
                                source_place where) {
  auto made = calls(f);
  made.erase(std::remove_if(made.begin(), made.end(),
                            [](const auto& call) { return call.number != SYS_bpf || asks_whether_link(call); }),
             made.end());
  std::string wanted;
  for (const auto& one : expected) wanted += (wanted.empty() ? "bpf(" : " bpf(") + number(one.command()) + ")";
  expect_equal(names(made), wanted, "the calls", where);
  for (std::size_t index = 0; index < expected.size(); ++index) {
    const auto& [call, one] = std::tie(made[index], expected[index]);
    expect_equal(static_cast<std::int64_t>(call.arguments[2]), static_cast<std::int64_t>(one.size()),
                 "the size given to " + call.name(), where);
    expect_equal(one.words_of(call.bytes), one.words(), "the attribute of " + call.name(), where);
  }
}

}  // namespace bpflink::test
