// SPDX-License-Identifier: MIT
#include "run_counter.hpp"

#include <stdexcept>

#include "kernel_version.hpp"

namespace bpflink::test {

namespace {

std::uint64_t ran_by_map(int program_fd, const std::function<void()>& f) {
  const program_info info = info_of_program(program_fd);
  if (info.map_ids.empty()) throw std::logic_error("before 5.8 only a counted program tells how often it ran");
  const fd map = must(by_id(command::map_get_fd_by_id, info.map_ids.front()), "opening the counter");
  const std::uint64_t before = counter(map.get());
  f();
  return counter(map.get()) - before;
}

}  // namespace

counted_program load_counted(std::uint32_t type, std::uint32_t expected_attach_type, std::int32_t value,
                             const std::string& name) {
  counted_program made;
  made.counter = counter_map();
  made.program = load({.type = type,
                       .code = count_and_return(made.counter.get(), value),
                       .expected_attach_type = expected_attach_type,
                       .name = name});
  return made;
}

std::uint64_t ran(int program_fd, const std::function<void()>& f) {
  if (!at_least(5, 8)) return ran_by_map(program_fd, f);
  const fd counting = must(enable_stats(), "having the kernel count runs");
  const std::uint64_t before = info_of_program(program_fd).run_count;
  f();
  return info_of_program(program_fd).run_count - before;
}

}  // namespace bpflink::test
