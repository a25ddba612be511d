// SPDX-License-Identifier: MIT
// Order in cgroups: whether the kernel has it, and programs that tell in which order they ran.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "bpflink/attach/cgroup.hpp"
#include "refusals.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/raw_bpf.hpp"

namespace bpflink {

/// Whether cgroups have an order: since 6.17, and in stable kernels that it was carried back to.
bool has_cgroup_order();
/// The same for preorder without a link, since 6.15.
bool has_cgroup_preorder();

/// Cgroup egress programs, each with a digit that it writes behind those that are there already: 0x312 says that "3"
/// ran first, then "1", then "2".
class order_record {
 public:
  [[nodiscard]] test::fd load(std::int32_t digit, std::int32_t verdict = 1) const;
  /// The digits that a datagram from this cgroup has written.
  [[nodiscard]] std::int64_t of_datagram(const std::string& cgroup) const;

 private:
  test::fd map_ = test::counter_map();
};

/// A cgroup's egress hook, by the library.
expected<cgroup_link> attach_egress(cgroup_target cgroup, const test::fd& program, std::optional<position> where = {},
                                    std::optional<revision> expected = {}, bool preorder = false);
expected<attached_programs> ask_egress(cgroup_target cgroup, attached_view view = attached_view::here);

/// A cgroup, and programs for its egress hook.
struct ordered_cgroup {
  test::cgroup_fixture cgroup;
  order_record record;
  test::fd one = record.load(1);
  test::fd two = record.load(2);
  test::fd three = record.load(3);
  test::fd four = record.load(4);
  test::fd five = record.load(5);

  [[nodiscard]] expected<cgroup_link> attach(const test::fd& program, std::optional<position> where = {},
                                             std::optional<revision> expected = {}) const {
    return attach_egress(cgroup.path(), program, where, expected);
  }
  /// The digits that a datagram has written.
  [[nodiscard]] std::int64_t order() const { return record.of_datagram(cgroup.path()); }
  /// What is attached, by the oracle.
  [[nodiscard]] std::vector<std::uint32_t> ids() const {
    return test::query(cgroup.get(), test::attach_type::cgroup_inet_egress).ids;
  }
};

std::vector<std::uint32_t> ids_of(std::initializer_list<const test::fd*> programs);
std::vector<std::uint32_t> ids_in(const attached_programs& found);

/// What a kernel before 6.17 owes whoever asks for order in a cgroup.
template <class T>
void check_no_order(const expected<T>& result, const std::string& since = "6.17") {
  check_refused(result, errc::not_supported, cause::missing_feature, "came with Linux " + since);
}

}  // namespace bpflink
