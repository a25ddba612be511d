// SPDX-License-Identifier: MIT
// Iterators over what not every kernel has, and over maps of sockets.
#include <sys/socket.h>

#include <numeric>
#include <string>
#include <vector>

#include "bpflink/info.hpp"
#include "iterator_programs.hpp"
#include "sockmap_helpers.hpp"
#include "support/btf_blob.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"

namespace bpflink {

namespace {

// Where the socket is in the program's context: in that of a sockmap behind the map and the key, and null where a key
// has none.
constexpr int socket_of_sockmap = 24;
constexpr int socket_of_storage = 16;

// A map that keeps eight bytes with each socket. The kernel wants to know their types.
test::fd storage_map() {
  constexpr std::uint32_t socket_storage = 24;   // BPF_MAP_TYPE_SK_STORAGE
  constexpr std::uint32_t no_preallocation = 1;  // BPF_F_NO_PREALLOC
  test::btf_blob blob;
  const auto number = blob.add(test::btf_blob::integer, "int", 4, {32U | 1U << 24U});
  const auto value = blob.add(test::btf_blob::integer, "value", 8, {64});
  const auto bytes = blob.bytes();
  test::attribute types;
  types.put_pointer(0, bytes.data()).put(16, static_cast<std::uint32_t>(bytes.size()));
  const auto btf = test::must(test::fd(types.call(test::command::btf_load, 28)), "loading BTF");
  test::attribute attr;
  attr.put(0, socket_storage).put(4, std::uint32_t{4}).put(8, std::uint32_t{8}).put(16, no_preallocation);
  attr.put(48, btf.get()).put(52, number).put(56, value);
  return test::must(test::fd(attr.call(test::command::map_create, 60)), "creating a map of socket storage");
}

void check_elements(const test::fd& program, const test::fd& map, std::size_t count, const std::string& target) {
  const auto link = attach_to_elements(program, map);
  REQUIRE(sentence(link) == "");
  CHECK(rows_of<std::uint64_t>(*link).size() == count);
  if (!test::at_least(5, 10)) return;
  const auto info = link->info();
  REQUIRE(sentence(info) == "");
  const auto& details = std::get<iterator_info>(info->details);
  CHECK(details.target.view() == target);
  CHECK(std::get<iterator_map_info>(details.parameters).map == map_id{test::map_id(map.get())});
}

}  // namespace

TEST_CASE("iterator: over the sockets of a map", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 10, "iterators over sockmaps"));
  test::netns_fixture().run([] {
    const auto pair = connect_pair();
    const auto program = load_iterator("sockmap", write_numbers(socket_of_sockmap));
    for (const auto type : {test::map_type::sockmap, test::map_type::sockhash}) {
      const auto map = socket_map(type);
      check_elements(program, map, 0, "sockmap");
      for (std::uint32_t key = 0; const auto* const socket : {&pair.client, &pair.server}) {
        const auto value = static_cast<std::uint32_t>(socket->get());
        REQUIRE(test::map_update(map.get(), &key, &value) == 0);
        ++key;
        check_elements(program, map, key, "sockmap");
      }
    }
  });
}

TEST_CASE("iterator: over what is kept with sockets", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "iterators over socket storage"));
  const auto program = load_iterator("bpf_sk_storage_map", write_numbers(socket_of_storage));
  const auto map = storage_map();
  check_elements(program, map, 0, "bpf_sk_storage_map");
  const test::fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const std::uint32_t key = static_cast<std::uint32_t>(socket.get());
  const std::uint64_t value = 1;
  REQUIRE(test::map_update(map.get(), &key, &value) == 0);
  check_elements(program, map, 1, "bpf_sk_storage_map");
}

TEST_CASE("iterator: over objects that some kernels show", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "iterators"));
  for (const std::string name : {"kmem_cache", "dmabuf"}) {
    CAPTURE(name);
    // Both came late, and the second is left out of some builds.
    if (!test::vmlinux_btf::get().function("bpf_iter_" + name)) continue;
    const auto program = load_iterator(name, write_numbers());
    const auto link = attach(iterator_options{.program = borrow(program)});
    REQUIRE(sentence(link) == "");
    CHECK(std::get<iterator_info>(link->info()->details).target.view() == name);
    const auto numbers = rows_of<std::uint64_t>(*link);
    if (name == "kmem_cache") CHECK(numbers.size() > 10);
    std::vector<std::uint64_t> expected(numbers.size());
    std::iota(expected.begin(), expected.end(), 0U);
    CHECK(numbers == expected);
  }
}

}  // namespace bpflink
