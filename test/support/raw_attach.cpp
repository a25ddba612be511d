// SPDX-License-Identifier: MIT
#include <cerrno>

#include "raw_bpf.hpp"

namespace bpflink::test {

namespace {

int error_of(long result) { return result < 0 ? static_cast<int>(-result) : 0; }

constexpr std::uint32_t query_room = 1024;

attribute query_attribute(int target, std::uint32_t type, std::uint32_t flags, attached_programs& found) {
  attribute attr;
  attr.put(0, target).put(4, type).put(8, flags);
  return attr.put_pointer(16, found.ids.data()).put(24, query_room);
}

}  // namespace

int prog_attach(const attach_request& request) {
  attribute attr;
  attr.put(0, request.target).put(4, request.program_fd).put(8, request.type).put(12, request.flags);
  attr.put(16, request.replace_fd);
  return error_of(attr.call(command::prog_attach, 20));
}

int prog_detach(int target, int program_fd, std::uint32_t type) {
  attribute attr;
  attr.put(0, target).put(4, program_fd).put(8, type);
  return error_of(attr.call(command::prog_detach, 20));
}

attached_programs query(int target, std::uint32_t type, std::uint32_t flags) {
  attached_programs found;
  found.ids.resize(query_room);
  found.link_ids.resize(query_room);
  attribute attr = query_attribute(target, type, flags, found);
  attr.put_pointer(40, found.link_ids.data());
  found.error = error_of(attr.call(command::prog_query, 64));
  if (found.error == EINVAL || found.error == E2BIG) {  // before 6.6 there was no link_ids
    found.link_ids.clear();
    attr = query_attribute(target, type, flags, found);
    found.error = error_of(attr.call(command::prog_query, 64));
  }
  const auto count = found.error == 0 ? attr.at<std::uint32_t>(24) : 0;
  found.ids.resize(count);
  if (!found.link_ids.empty()) found.link_ids.resize(count);
  found.attach_flags = attr.at<std::uint32_t>(12);
  found.revision = attr.at<std::uint64_t>(56);
  return found;
}

fd link_create(int program_fd, int target, std::uint32_t type, std::uint32_t flags, std::span<const std::byte> more) {
  attribute attr;
  attr.put(0, program_fd).put(4, target).put(8, type).put(12, flags);
  for (std::size_t i = 0; i < more.size(); ++i) attr.put(16 + i, more[i]);
  return fd(attr.call(command::link_create, 16 + more.size()));
}

fd raw_tracepoint_open(const char* name, int program_fd) {
  attribute attr;
  attr.put_pointer(0, name).put(8, program_fd);
  return fd(attr.call(command::raw_tracepoint_open, 16));
}

fd iter_create(int link_fd) {
  attribute attr;
  attr.put(0, link_fd);
  return fd(attr.call(command::iter_create, 8));
}

int link_update(int link_fd, int new_program_fd, std::uint32_t flags, int old_program_fd) {
  attribute attr;
  attr.put(0, link_fd).put(4, new_program_fd).put(8, flags).put(12, old_program_fd);
  return error_of(attr.call(command::link_update, 16));
}

int link_detach(int link_fd) {
  attribute attr;
  attr.put(0, link_fd);
  return error_of(attr.call(command::link_detach, 4));
}

fd by_id(std::uint32_t command, std::uint32_t id) {
  attribute attr;
  attr.put(0, id);
  return fd(attr.call(command, 12));
}

bool link_exists(std::uint32_t id) {
  const fd link = by_id(command::link_get_fd_by_id, id);
  if (!link && link.error() != ENOENT) throw_error(link.error(), "looking for link " + std::to_string(id));
  return static_cast<bool>(link);
}

bool link_ends(std::uint32_t id) {
  return eventually([id] { return !link_exists(id); });
}

std::vector<std::uint32_t> all_ids(std::uint32_t next_id_command) {
  std::vector<std::uint32_t> ids;
  for (std::uint32_t last = 0;; last = ids.back()) {
    attribute attr;
    const int error = error_of(attr.put(0, last).call(next_id_command, 12));
    if (error == ENOENT) return ids;
    if (error != 0) throw_error(error, "listing ids");
    ids.push_back(attr.at<std::uint32_t>(4));
  }
}

int obj_pin(int object_fd, const std::string& path) {
  attribute attr;
  attr.put_pointer(0, path.c_str()).put(8, object_fd);
  return error_of(attr.call(command::obj_pin, 16));
}

fd obj_get(const std::string& path, std::uint32_t flags) {
  attribute attr;
  attr.put_pointer(0, path.c_str()).put(12, flags);
  return fd(attr.call(command::obj_get, 16));
}

fd enable_stats() {
  attribute attr;
  return fd(attr.call(command::enable_stats, 4));
}

}  // namespace bpflink::test
