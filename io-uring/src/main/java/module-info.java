/** Everything native but CUDA: rings, O_DIRECT files, mapped memory. */
module dev.emberkv.uring {
  requires static transitive org.jspecify;
  requires jdk.incubator.vector;
  requires jdk.unsupported; // ExtendedOpenOption.DIRECT
  requires org.slf4j;

  exports dev.emberkv.uring;
}
