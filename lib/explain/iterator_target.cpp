// SPDX-License-Identifier: MIT
#include "explain/iterator_target.hpp"

#include <algorithm>
#include <array>

#include "btf/objects.hpp"
#include "btf/reader.hpp"
#include "kernel/bpf.hpp"

namespace bpflink::explain {

namespace {

struct row {
  std::string_view target;
  iterator_choice choice;
};

constexpr row rows[] = {
    {"bpf_map_elem", iterator_choice::map}, {"bpf_sk_storage_map", iterator_choice::map},
    {"sockmap", iterator_choice::map},      {"cgroup", iterator_choice::cgroup},
    {"task", iterator_choice::task},        {"task_file", iterator_choice::task},
    {"task_vma", iterator_choice::task},    {"bpf_prog", iterator_choice::none},
    {"bpf_map", iterator_choice::none},     {"bpf_link", iterator_choice::none},
    {"ksym", iterator_choice::none},        {"tcp", iterator_choice::none},
    {"udp", iterator_choice::none},         {"netlink", iterator_choice::none},
    {"unix", iterator_choice::none},        {"ipv6_route", iterator_choice::none},
    {"dmabuf", iterator_choice::none},      {"kmem_cache", iterator_choice::none},
};

struct map_row {
  std::string_view target;
  std::string_view words;
  std::array<kernel::u32, 6> types;
};

constexpr map_row map_rows[] = {
    {"bpf_map_elem", "hash and array maps, also of the kinds lru and percpu", {1, 2, 5, 6, 9, 10}},
    {"bpf_sk_storage_map", "sk_storage maps", {24}},
    {"sockmap", "sockmap and sockhash maps", {15, 18}},
};

template <class Rows>
const auto* row_of(const Rows& table, std::string_view target) noexcept {
  const auto* const found =
      std::find_if(std::begin(table), std::end(table), [target](const auto& one) { return one.target == target; });
  return found != std::end(table) ? found : nullptr;
}

constexpr std::string_view iterator_prefix = "bpf_iter_";
constexpr std::string_view tracepoint_prefix = "btf_trace_";

// Whether a BTF object is the kernel's own; nothing where this process may not ask.
std::optional<bool> is_of_kernel(std::uint32_t object) noexcept {
  const auto opened = kernel::btf_get_fd_by_id(object);
  if (!opened) return std::nullopt;
  const auto info = btf::info_of(*opened);
  if (!info) return std::nullopt;
  return info->of_kernel && info->name == std::string_view{"vmlinux"};
}

}  // namespace

std::optional<iterator_choice> choice_of(std::string_view target) noexcept {
  const auto* const found = row_of(rows, target);
  return found != nullptr ? std::optional{found->choice} : std::nullopt;
}

std::string_view maps_of(std::string_view target) noexcept {
  const auto* const found = row_of(map_rows, target);
  return found != nullptr ? found->words : std::string_view{};
}

bool fits(std::string_view target, kernel::u32 map_type) noexcept {
  const auto* const found = row_of(map_rows, target);
  return found == nullptr || std::find(found->types.begin(), found->types.end(), map_type) != found->types.end();
}

std::optional<traced> target_of(program_ref program) noexcept {
  const auto info = program.info();
  if (!info || info->type != program_type::tracing) return std::nullopt;
  const auto id = info->attach_target_type.value_or(0);
  if (id == 0) return std::nullopt;
  const auto of_kernel = is_of_kernel(info->attach_target_object.value_or(0));
  if (of_kernel == false) return std::nullopt;
  const auto data = btf::of_kernel();
  const auto types = data ? btf::view::of(data->bytes()) : std::nullopt;
  const auto found = types ? types->at(id) : std::nullopt;
  if (!found) return std::nullopt;

  const auto name = types->name_of(*found);
  const bool function = found->kind_number == static_cast<unsigned>(btf::kind::function);
  if (function && name.starts_with(iterator_prefix)) {
    return traced{true, bounded_string<128>{name.substr(iterator_prefix.size())}};
  }
  // Who may not ask which object it is takes no other name for granted: the number may mean another type in another.
  if (!of_kernel) return std::nullopt;
  const auto prefix = name.starts_with(tracepoint_prefix) ? tracepoint_prefix.size() : 0;
  return traced{false, bounded_string<128>{name.substr(prefix)}};
}

}  // namespace bpflink::explain
