package dev.emberkv.cuda;

/**
 * A GPU that the driver offers.
 *
 * @param ordinal its number, from 0
 * @param name the vendor's name for it
 * @param memoryBytes the memory that it has in all
 */
public record CudaDevice(int ordinal, String name, long memoryBytes) {}
