"""Twenty short lyrics written for this test: common and long metre, ballads, trochees, triple time, free lines."""

_ALL = """
The lamps along the platform shake,
The rain comes down in lines;
I count the stops I used to make
And read the names on signs.

A stranger shares a paper cup,
We watch the fields go by;
And one by one the towns light up
Like stars that missed the sky.

Take me where the kettle sings,
Take me home tonight.

Sing me something slow and simple,
Sing me over to the shore.

The miller kept a silver mare,
The mare she kept the mill;
And when the miller went away
The mare was grinding still.

Over the water and under the bridges,
Morning is carrying bread to the town.

I left a light on in the hall,
I left the window wide;
The summer came and took it all
And laid it down outside.

Winter, winter, hold your fire,
Let the river run.

There's a house at the end of the harbour,
There's a boat with a broken blue door.

My mother had a garden once,
She grew it out of stone;
And every rose she planted there
Would rather be alone.

Hush now, little engine,
The mountain is high.

We were only passing through,
Nobody remembers who.

O carry me over the meadow, my darling,
O carry me over the hill.

The letter never reached the north,
The paper turned to snow;
But something in the wind set forth
To tell you what I know.

Golden apples, silver spoons,
Seven sleepy afternoons.

I heard the city breathing,
I heard it in the wall.

When the thunder comes down from the valley at night,
I will wait by the gate with a lantern for light.

Every window, every wire
Hums a little like a choir.

The captain sleeps, the compass turns,
The candle in the cabin burns;
And no one knows and no one learns
How far it is to shore.

Come in from the dark, come in from the rain,
And tell me your story again and again.
"""
LYRICS = tuple(_ALL.strip().split("\n\n"))
