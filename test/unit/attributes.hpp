// SPDX-License-Identifier: MIT
// What the library asks of the kernel, byte by byte. Nothing of it reaches the kernel: a supervisor answers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "support/child.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink::test {

/// The attribute of one call to bpf(2), as the kernel's header has it: the bytes that are named, and zero for all
/// others.
class attribute {
 public:
  attribute(std::uint32_t command, std::size_t size) : command_{command}, bytes_(size) {}

  attribute&& u32(std::size_t offset, std::uint64_t value) && { return std::move(*this).put(offset, value, 4); }
  attribute&& u64(std::size_t offset, std::uint64_t value) && { return std::move(*this).put(offset, value, 8); }
  attribute&& pointer(std::size_t offset, const void* to) && {
    return std::move(*this).put(offset, reinterpret_cast<std::uintptr_t>(to), 8);
  }
  attribute&& text(std::size_t offset, std::string_view characters) &&;
  /// Any eight bytes: the address of a buffer inside of the library.
  attribute&& any(std::size_t offset) &&;

  [[nodiscard]] std::uint32_t command() const { return command_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  /// In hexadecimal, four bytes a word, with "?" for any.
  [[nodiscard]] std::string words() const { return words_of(bytes_); }
  /// Bytes that were sent, written the same way.
  [[nodiscard]] std::string words_of(const std::vector<std::byte>& bytes) const;

 private:
  attribute&& put(std::size_t offset, std::uint64_t value, std::size_t size) &&;

  std::uint32_t command_;
  std::vector<std::byte> bytes_;
  std::vector<std::size_t> any_;
};

/// In the place of the kernel: gives a descriptor of /dev/null to whoever wants an object, and 0 to all others. For use
/// in a child.
class false_kernel {
 public:
  false_kernel();

  /// The calls that f makes, of those that are answered here.
  std::vector<system_call> calls(const std::function<void()>& f);
  /// f makes exactly these calls to bpf(2), in this order; those that ask whether a descriptor is a link do not count.
  void expect_calls(const std::function<void()>& f, const std::vector<attribute>& expected,
                    source_place where = source_place::here());

  /// What the last attribute pointed to: the parameters of an iterator, or the key and the value of a map's element.
  [[nodiscard]] std::vector<std::byte> parameters() const { return {parameters_.data(), parameters_.data() + size_}; }

  /// From now on this command fails; 0 for no more.
  void refuse(std::uint32_t command, int error) { errors_.at(command) = error; }
  /// From now on information on an object is what this writes, in the supervisor's thread.
  void inform(std::function<void(std::byte* info, std::uint32_t size)> writer) { inform_ = std::move(writer); }
  /// And this is how much of it there is; 0 for all that there is room for.
  void inform_size(std::uint32_t size) { informed_ = size; }
  /// From now on one program with this id is attached wherever somebody asks.
  void show_attached(std::uint32_t id, std::uint32_t attach_flags, std::uint64_t revision);
  /// From now on /proc says that descriptors are of this: "bpf_link".
  void show_as(std::string_view name) { shown_ = "anon_inode:" + std::string(name); }
  /// From now on files whose path ends so are files with this text.
  void serve(std::string path_end, std::string_view text);

 private:
  [[nodiscard]] verdict answer(const observed_call& call);
  [[nodiscard]] verdict answer_bpf(const observed_call& call);
  void keep_parameters(const observed_call& call);
  void keep_element(const observed_call& call);
  void tell(const observed_call& call) const;
  void fill_query(const observed_call& call) const;
  [[nodiscard]] verdict answer_readlink(const observed_call& call) const;
  [[nodiscard]] verdict answer_open(const observed_call& call) const;
  [[nodiscard]] verdict another_null() const;

  syscall_supervisor supervisor_;
  int null_;
  std::array<int, 64> errors_{};
  std::function<void(std::byte*, std::uint32_t)> inform_;
  std::uint32_t informed_ = 0;
  std::string shown_;
  std::uint32_t attached_ = 0;
  std::uint32_t attach_flags_ = 0;
  std::uint64_t revision_ = 0;
  std::array<std::byte, 16> parameters_{};
  std::size_t size_ = 0;
  std::string served_;
  int content_ = -1;
};

}  // namespace bpflink::test
