// The place of a process, from the environment of each launcher.
#include "processes/environment.h"

#include <gmock/gmock.h>
#include <map>

#include "errors.h"

namespace belamy {
namespace {

using testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

std::optional<ProcessPlace> place(const Variables& variables) {
  return place_in([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(EnvironmentTest, AnOrdinaryShellIsNoGroup) {
  EXPECT_FALSE(place({{"HOME", "/"}, {"MASTER_ADDR", "x"}}));
  EXPECT_FALSE(place({{"RANK", "0"}, {"WORLD_SIZE", "1"}}));
  EXPECT_FALSE(place({{"RANK", ""}, {"WORLD_SIZE", "2"}}));
  // A shell of a SLURM job has its number of tasks, but is no step of it.
  EXPECT_FALSE(place({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"SLURM_JOB_ID", "1"}}));
}

TEST(EnvironmentTest, TorchrunRunsTheStoreItself) {
  const auto found = place({{"RANK", "3"},
                            {"WORLD_SIZE", "4"},
                            {"MASTER_ADDR", "node1"},
                            {"MASTER_PORT", "1234"},
                            {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                            {"TORCHELASTIC_RESTART_COUNT", "2"}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->rank, 3);
  EXPECT_EQ(found->size, 4);
  EXPECT_EQ(found->address, "node1");
  EXPECT_EQ(found->port, 1234);
  EXPECT_EQ(found->prefix, "/worker/attempt_2");
  const auto plain = place({{"RANK", "0"}, {"WORLD_SIZE", "2"}});
  EXPECT_EQ(plain->address, "127.0.0.1");
  EXPECT_EQ(plain->port, 29500);
  EXPECT_FALSE(plain->prefix);
}

TEST(EnvironmentTest, MpirunOnOneMachineNeedsNoAddress) {
  Variables open_mpi = {
      {"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "2"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}};
  EXPECT_EQ(place(open_mpi)->address, "127.0.0.1");
  EXPECT_EQ(place(open_mpi)->launcher, "Open MPI");
  open_mpi["OMPI_COMM_WORLD_LOCAL_SIZE"] = "1";
  EXPECT_THAT(message_of(ExitCode::usage, [&] { place(open_mpi); }),
              HasSubstr("several machines, but MASTER_ADDR"));
  open_mpi["MASTER_ADDR"] = "10.0.0.1";
  EXPECT_EQ(place(open_mpi)->address, "10.0.0.1");
  const auto mpich = place({{"PMI_RANK", "1"}, {"PMI_SIZE", "3"}, {"MPI_LOCALNRANKS", "3"}});
  EXPECT_EQ(mpich->launcher, "MPICH");
  EXPECT_EQ(mpich->size, 3);
}

TEST(EnvironmentTest, AStepOfSlurmMeetsOnItsFirstMachine) {
  const auto found = place({{"SLURM_PROCID", "5"},
                            {"SLURM_STEP_ID", "0"},
                            {"SLURM_STEP_NUM_TASKS", "8"},
                            {"SLURM_JOB_ID", "41007"},
                            {"PMI_RANK", "5"},
                            {"PMI_SIZE", "8"},
                            {"SLURM_STEP_NODELIST", "gpu[03-05,09],cpu1"}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->launcher, "SLURM");
  EXPECT_EQ(found->rank, 5);
  EXPECT_EQ(found->address, "gpu03");
  EXPECT_EQ(found->port, 21007);
}

TEST(EnvironmentTest, FirstHostOfAList) {
  EXPECT_EQ(first_host("a"), "a");
  EXPECT_EQ(first_host("a,b"), "a");
  EXPECT_EQ(first_host("n[7]"), "n7");
  EXPECT_EQ(first_host("n[01,03]"), "n01");
  EXPECT_EQ(first_host("n[10-12]-ib,m2"), "n10-ib");
  EXPECT_EQ(first_host("n["), "n");
}

TEST(EnvironmentTest, ContradictionsAreNamed) {
  EXPECT_THAT(message_of(ExitCode::usage,
                         [] {
                           place({{"RANK", "one"}, {"WORLD_SIZE", "2"}});
                         }),
              HasSubstr("RANK is 'one', not a number"));
  EXPECT_THAT(message_of(ExitCode::usage,
                         [] {
                           place({{"RANK", "2"}, {"WORLD_SIZE", "2"}});
                         }),
              HasSubstr("RANK=2 is outside"));
  EXPECT_THAT(message_of(ExitCode::usage,
                         [] {
                           place({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "x"}});
                         }),
              HasSubstr("MASTER_PORT"));
}

}  // namespace
}  // namespace belamy
