// SPDX-License-Identifier: MIT
// bpf(2) by hand: the tests' own view of what the library did. Calls that a test may want to see fail give an `fd` or
// an int with the errno in it; preparations throw.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "constants.hpp"
#include "fd.hpp"
#include "instructions.hpp"

namespace bpflink::test {

/// bpf(2): its result, or -errno.
long sys_bpf(std::uint32_t command, void* attribute, std::size_t size);

/// Zeroed bytes that are filled and read by offset: a union bpf_attr, or a struct of the kernel's.
class attribute {
 public:
  template <typename T>
  attribute& put(std::size_t offset, const T& value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof(value));
    return *this;
  }
  template <typename T>
  [[nodiscard]] T at(std::size_t offset) const {
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(value));
    return value;
  }
  attribute& put_pointer(std::size_t offset, const void* pointer) {
    return put(offset, static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(pointer)));
  }
  [[nodiscard]] void* data() { return bytes_.data(); }
  /// sys_bpf with the first `size` bytes.
  long call(std::uint32_t command, std::size_t size);

 private:
  alignas(8) std::array<std::byte, 256> bytes_{};
};

// Programs and maps

struct program_request {
  std::uint32_t type = prog_type::socket_filter;
  instructions code = return_value(0);
  std::uint32_t expected_attach_type = 0;
  std::string name = "bpflink_test";  // at most 15 characters
  std::string license = "GPL";
  std::uint32_t attach_btf_id = 0;
  int attach_prog_fd = 0;  // or a module's BTF descriptor
  std::uint32_t flags = 0;
};

/// Throws with the verifier's log if the kernel refuses.
fd load(const program_request& request);
/// The errno in the result if the kernel refuses.
fd try_load(const program_request& request);

fd create_map(std::uint32_t type, std::uint32_t key_size, std::uint32_t value_size, std::uint32_t entries = 1);
/// 0 or errno.
int map_update(int map_fd, const void* key, const void* value, std::uint64_t flags = 0);
int map_lookup(int map_fd, const void* key, void* value);
int map_delete(int map_fd, const void* key);
/// An ARRAY map of u64, and the value at an index of it.
fd counter_map(std::uint32_t entries = 1);
std::uint64_t counter(int map_fd, std::uint32_t index = 0);

// Information

struct program_info {
  std::uint32_t type = 0;
  std::uint32_t id = 0;
  std::uint64_t run_count = 0;
  std::string name;
  std::vector<std::uint32_t> map_ids;
};
program_info info_of_program(int program_fd);
std::uint32_t program_id(int program_fd);
std::uint32_t map_id(int map_fd);

/// struct bpf_link_info as the kernel fills it: type at 0, id at 4, program id at 8.
struct raw_link_info {
  int error = 0;
  alignas(8) std::array<std::byte, 64> bytes{};

  template <typename T>
  [[nodiscard]] T at(std::size_t offset) const {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
  }
  [[nodiscard]] std::uint32_t type() const { return at<std::uint32_t>(0); }
  [[nodiscard]] std::uint32_t id() const { return at<std::uint32_t>(4); }
  [[nodiscard]] std::uint32_t program() const { return at<std::uint32_t>(8); }
};
raw_link_info info_of_link(int link_fd);
/// OBJ_GET_INFO_BY_FD into memory of the caller's, which may hold pointers to buffers; size goes in and out. 0 or
/// errno.
int object_info(int object_fd, void* info, std::uint32_t& size);

// Attachments without a link

struct attach_request {
  int target = 0;
  int program_fd = 0;
  std::uint32_t type = 0;
  std::uint32_t flags = 0;
  int replace_fd = 0;
};
/// 0 or errno.
int prog_attach(const attach_request& request);
int prog_detach(int target, int program_fd, std::uint32_t type);

struct attached_programs {
  int error = 0;
  std::vector<std::uint32_t> ids;
  std::uint32_t attach_flags = 0;
  std::vector<std::uint32_t> link_ids;  // as long as ids, 0 for "not by a link" and at cgroups; empty before 6.6
  std::uint64_t revision = 0;
};
/// For cgroup, network namespace and map descriptors, and interface indexes.
attached_programs query(int target, std::uint32_t type, std::uint32_t flags = 0);

// Links

/// LINK_CREATE; `more` are the attribute's bytes from 16 on.
fd link_create(int program_fd, int target, std::uint32_t type, std::uint32_t flags = 0,
               std::span<const std::byte> more = {});
fd raw_tracepoint_open(const char* name, int program_fd);
fd iter_create(int link_fd);
/// 0 or errno.
int link_update(int link_fd, int new_program_fd, std::uint32_t flags = 0, int old_program_fd = 0);
int link_detach(int link_fd);

/// An object's descriptor by its id; of a link with command::link_get_fd_by_id.
fd by_id(std::uint32_t command, std::uint32_t id);
/// Whether there is a link of this id. Needs CAP_SYS_ADMIN and 5.8.
bool link_exists(std::uint32_t id);
/// Whether there is none, as soon as there is none: who lists links, as others may, holds each of them for a moment.
bool link_ends(std::uint32_t id);
/// The ids of all links, all programs, ... (command::link_get_next_id, command::prog_get_next_id).
std::vector<std::uint32_t> all_ids(std::uint32_t next_id_command);

/// 0 or errno.
int obj_pin(int object_fd, const std::string& path);
fd obj_get(const std::string& path, std::uint32_t flags = 0);

/// While this is open the kernel counts the runs of programs (5.8).
fd enable_stats();

}  // namespace bpflink::test
