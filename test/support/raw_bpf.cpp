// SPDX-License-Identifier: MIT
#include "raw_bpf.hpp"

#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>

#include "kernel_version.hpp"

namespace bpflink::test {

namespace {

int error_of(long result) { return result < 0 ? static_cast<int>(-result) : 0; }

// Kernels before 5.0 want a kprobe program to name the version that it was built for.
std::uint32_t version_code() {
  utsname names{};
  unsigned release = 0;
  unsigned minor = 0;
  unsigned patch = 0;
  if (::uname(&names) == 0) std::sscanf(names.release, "%u.%u.%u", &release, &minor, &patch);
  return (release << 16U) + (minor << 8U) + std::min(patch, 255U);
}

attribute load_attribute(const program_request& request) {
  attribute attr;
  attr.put(0, request.type).put(4, static_cast<std::uint32_t>(request.code.size()));
  attr.put_pointer(8, request.code.data()).put_pointer(16, request.license.c_str());
  if (!at_least(5, 0)) attr.put(40, version_code());
  attr.put(44, request.flags);
  for (std::size_t i = 0; i < std::min<std::size_t>(request.name.size(), 15); ++i) attr.put(48 + i, request.name[i]);
  attr.put(68, request.expected_attach_type);
  attr.put(108, request.attach_btf_id).put(112, request.attach_prog_fd);
  return attr;
}

std::size_t load_size(const program_request& request) {
  return request.attach_btf_id != 0 || request.attach_prog_fd != 0 ? 116 : 72;
}

}  // namespace

long sys_bpf(std::uint32_t command, void* attribute, std::size_t size) {
  const long result = ::syscall(SYS_bpf, command, attribute, size);
  return result < 0 ? -errno : result;
}

long attribute::call(std::uint32_t command, std::size_t size) { return sys_bpf(command, bytes_.data(), size); }

fd try_load(const program_request& request) {
  attribute attr = load_attribute(request);
  // The verifier gives up with EAGAIN when a signal is waiting.
  for (int tries = 0;; ++tries) {
    const long result = attr.call(command::prog_load, load_size(request));
    if (result != -EAGAIN || tries == 5) return fd(result);
  }
}

fd load(const program_request& request) {
  fd program = try_load(request);
  if (program) return program;
  std::vector<char> log(1U << 18U);
  attribute attr = load_attribute(request);
  attr.put(24, std::uint32_t{1}).put(28, static_cast<std::uint32_t>(log.size())).put_pointer(32, log.data());
  program = fd(attr.call(command::prog_load, load_size(request)));
  if (!program) {
    throw_error(program.error(), "loading a program of type " + std::to_string(request.type) + " for attach type " +
                                     std::to_string(request.expected_attach_type) + ":\n" + log.data());
  }
  return program;
}

fd create_map(std::uint32_t type, std::uint32_t key_size, std::uint32_t value_size, std::uint32_t entries) {
  attribute attr;
  attr.put(0, type).put(4, key_size).put(8, value_size).put(12, entries);
  return must(fd(attr.call(command::map_create, 44)), "creating a map of type " + std::to_string(type));
}

int map_update(int map_fd, const void* key, const void* value, std::uint64_t flags) {
  attribute attr;
  attr.put(0, map_fd).put_pointer(8, key).put_pointer(16, value).put(24, flags);
  return error_of(attr.call(command::map_update_elem, 32));
}

int map_lookup(int map_fd, const void* key, void* value) {
  attribute attr;
  attr.put(0, map_fd).put_pointer(8, key).put_pointer(16, value);
  return error_of(attr.call(command::map_lookup_elem, 32));
}

int map_delete(int map_fd, const void* key) {
  attribute attr;
  attr.put(0, map_fd).put_pointer(8, key);
  return error_of(attr.call(command::map_delete_elem, 32));
}

fd counter_map(std::uint32_t entries) { return create_map(map_type::array, 4, 8, entries); }

std::uint64_t counter(int map_fd, std::uint32_t index) {
  std::uint64_t value = 0;
  if (const int error = map_lookup(map_fd, &index, &value); error != 0) throw_error(error, "reading a counter");
  return value;
}

int object_info(int object_fd, void* info, std::uint32_t& size) {
  attribute attr;
  attr.put(0, object_fd).put(4, size).put_pointer(8, info);
  const int error = error_of(attr.call(command::obj_get_info_by_fd, 16));
  size = attr.at<std::uint32_t>(4);
  return error;
}

program_info info_of_program(int program_fd) {
  program_info found;
  found.map_ids.resize(64);
  attribute info;
  info.put(52, static_cast<std::uint32_t>(found.map_ids.size())).put_pointer(56, found.map_ids.data());
  std::uint32_t size = 232;
  if (const int error = object_info(program_fd, info.data(), size); error != 0) {
    throw_error(error, "asking about a program");
  }
  found.type = info.at<std::uint32_t>(0);
  found.id = info.at<std::uint32_t>(4);
  found.map_ids.resize(std::min<std::size_t>(info.at<std::uint32_t>(52), found.map_ids.size()));
  const auto name = info.at<std::array<char, 16>>(64);
  found.name.assign(name.data(), ::strnlen(name.data(), name.size()));
  if (size >= 208) found.run_count = info.at<std::uint64_t>(200);
  return found;
}

std::uint32_t program_id(int program_fd) { return info_of_program(program_fd).id; }

std::uint32_t map_id(int map_fd) {
  std::array<std::uint32_t, 20> info{};
  std::uint32_t size = sizeof(info);
  if (const int error = object_info(map_fd, info.data(), size); error != 0) throw_error(error, "asking about a map");
  return info[1];
}

raw_link_info info_of_link(int link_fd) {
  raw_link_info info;
  std::uint32_t size = sizeof(info.bytes);
  info.error = object_info(link_fd, info.bytes.data(), size);
  return info;
}

}  // namespace bpflink::test
