// SPDX-License-Identifier: MIT
#include "control.hpp"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "../shared/instructions.hpp"
#include "../shared/kernel_types.hpp"

namespace example {

namespace {

using bpflink::unique_fd;
using namespace shared;

constexpr const char* table_name = "tcp_congestion_ops";
constexpr const char* value_name = "bpf_struct_ops_tcp_congestion_ops";
// BPF_F_LINK, which the headers of older systems lack.
constexpr std::uint32_t flag_link = 1U << 13U;

code return_window() {
  constexpr std::int32_t packets = 10;
  return {set(r0, packets), leave()};
}

code count_and_return(const counter& asked) {
  code program = count(asked.map());
  append(program, {set(r0, 0), leave()});
  return program;
}

// The kernel's types, as far as this needs them.
class kernel_types {
 public:
  kernel_types() : types_{::btf__load_vmlinux_btf()} {}
  [[nodiscard]] explicit operator bool() const { return types_ != nullptr; }

  [[nodiscard]] std::uint32_t structure(const char* name) const {
    const auto id = ::btf__find_by_name_kind(types_.get(), name, BTF_KIND_STRUCT);
    return id > 0 ? static_cast<std::uint32_t>(id) : 0;
  }
  [[nodiscard]] std::size_t size_of(const char* name) const {
    const auto id = structure(name);
    return id != 0 ? ::btf__type_by_id(types_.get(), id)->size : 0;
  }
  [[nodiscard]] std::optional<member> find(const char* in, std::string_view name) const {
    return find_member(types_.get(), in, name);
  }

 private:
  btf_owner types_;
};

unique_fd load(const kernel_types& types, const char* function, const code& instructions) {
  bpf_prog_load_opts options{};
  options.sz = sizeof options;
  const auto place = types.find(table_name, function);
  options.expected_attach_type = static_cast<::bpf_attach_type>(place ? place->index : 0);
  options.attach_btf_id = types.structure(table_name);
  return unique_fd::adopt(
      ::bpf_prog_load(BPF_PROG_TYPE_STRUCT_OPS, function, "GPL", instructions.data(), instructions.size(), &options));
}

// For a link where the kernel has links of struct_ops (6.4), else one that registers itself.
unique_fd make_map(const kernel_types& types, std::size_t value_size) {
  // The kernel wants types of our own for a map, and looks at none of them.
  const btf_owner own{::btf__new_empty()};
  if (!own || ::btf__add_int(own.get(), "int", 4, BTF_INT_SIGNED) < 0) return {};
  if (::btf__load_into_kernel(own.get()) < 0) return {};
  bpf_map_create_opts options{};
  options.sz = sizeof options;
  options.btf_fd = static_cast<std::uint32_t>(::btf__fd(own.get()));
  options.btf_vmlinux_value_type_id = types.structure(value_name);
  for (const std::uint32_t flags : {flag_link, 0U}) {
    options.map_flags = flags;
    auto map = unique_fd::adopt(::bpf_map_create(BPF_MAP_TYPE_STRUCT_OPS, "keep_window", sizeof(std::uint32_t),
                                                 static_cast<std::uint32_t>(value_size), 1, &options));
    if (map || errno != EINVAL) return map;
  }
  return {};
}

}  // namespace

std::optional<control> control::make(const std::string& name, std::string& why) {
  const auto failed = [&why](std::string_view doing) {
    why = fmt::format("{}: {}", doing, std::strerror(errno));
    return std::nullopt;
  };
  ::libbpf_set_print(nullptr);
  const kernel_types types;
  const auto table = types ? types.find(value_name, "data") : std::nullopt;
  if (!table) return failed("looking for the kernel's types of congestion controls");

  control made;
  if (made.counter_.map() < 0) return failed("making a map");
  made.value_.resize(types.size_of(value_name));
  const auto put = [&](const char* member, const void* bytes, std::size_t size) {
    if (const auto place = types.find(table_name, member)) {
      std::memcpy(made.value_.data() + table->offset + place->offset, bytes, size);
    }
  };
  const std::pair<const char*, code> functions[] = {
      {"ssthresh", return_window()},
      {"undo_cwnd", return_window()},
      {"cong_avoid", count_and_return(made.counter_)},
  };
  for (const auto& [function, instructions] : functions) {
    made.programs_.push_back(load(types, function, instructions));
    if (!made.programs_.back()) return failed(fmt::format("loading the program {}", function));
    const auto descriptor = static_cast<std::uint64_t>(made.programs_.back().get());
    put(function, &descriptor, sizeof descriptor);
  }
  put("name", name.c_str(), name.size());
  made.map_ = make_map(types, made.value_.size());
  if (!made.map_) return failed("making a map of functions");
  return made;
}

std::string control::fill() const {
  const std::uint32_t key = 0;
  if (::bpf_map_update_elem(map_.get(), &key, value_.data(), BPF_ANY) == 0) return {};
  return fmt::format("filling the map: {}", std::strerror(errno));
}

}  // namespace example
