#include "Event.h"
#include <numeric>

double Event::total() const
{
   return std::accumulate(energies.begin(), energies.end(), 0.);
}
