//! All twins together.

use std::io;
use std::sync::Arc;

use chrono::SubsecRound;

use crate::amazon::AmazonTwin;
use crate::clock::SandboxClock;
use crate::listener::{Listener, Tasks};
use crate::microsoft_graph::MicrosoftGraphTwin;
use crate::shopify::ShopifyTwin;
use crate::universe::{Evolution, Region, Size, Universe};
use crate::world::World;
use crate::xero::XeroTwin;

use crate::unleashed::UnleashedTwin;

/// The loopback ports of the twins; 0 lets the system choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// The shop of the United Kingdom.
    pub shopify_uk: u16,
    /// The shop of the USA.
    pub shopify_usa: u16,
    /// The books.
    pub xero: u16,
    /// The warehouses and works.
    pub unleashed: u16,
    /// The office.
    pub microsoft_graph: u16,
    /// Amazon's region Europe.
    pub amazon_uk: u16,
    /// Amazon's region North America.
    pub amazon_usa: u16,
}

/// Three vendor twins on loopback that serve one universe, until it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    world: Arc<World>,
    shopify_uk: ShopifyTwin,
    shopify_usa: ShopifyTwin,
    xero: XeroTwin,
    unleashed: UnleashedTwin,
    microsoft_graph: MicrosoftGraphTwin,
    amazon_uk: AmazonTwin,
    amazon_usa: AmazonTwin,
    _tasks: Arc<Tasks>,
}

impl Sandbox {
    /// Starts the twins in real time on ports the system chooses.
    ///
    /// The history ends at [`Universe::anchor`], or now where the clock stands before that.
    ///
    /// # Errors
    ///
    /// When no port of 127.0.0.1 can be bound.
    pub async fn start(seed: u64, size: Size) -> io::Result<Self> {
        Self::start_on(seed, size, SandboxClock::real(), Ports::default()).await
    }

    /// Starts the twins with a clock that a test moves.
    ///
    /// # Errors
    ///
    /// When no port of 127.0.0.1 can be bound.
    pub async fn start_with_clock(seed: u64, size: Size, clock: SandboxClock) -> io::Result<Self> {
        Self::start_on(seed, size, clock, Ports::default()).await
    }

    /// Starts the twins on ports of your choice.
    ///
    /// # Errors
    ///
    /// When a port of 127.0.0.1 cannot be bound.
    pub async fn start_on(seed: u64, size: Size, clock: SandboxClock, ports: Ports) -> io::Result<Self> {
        let tasks = Arc::new(Tasks::default());
        let uk = Listener::bind(ports.shopify_uk, &tasks).await?;
        let usa = Listener::bind(ports.shopify_usa, &tasks).await?;
        let books = Listener::bind(ports.xero, &tasks).await?;
        let stores = Listener::bind(ports.unleashed, &tasks).await?;
        let office = Listener::bind(ports.microsoft_graph, &tasks).await?;
        let amazon_uk = Listener::bind(ports.amazon_uk, &tasks).await?;
        let amazon_usa = Listener::bind(ports.amazon_usa, &tasks).await?;
        let as_of = Universe::anchor().min(clock.now().trunc_subsecs(0));
        let world = Arc::new(World::new(Universe::generate_as_of(seed, size, as_of), clock));
        let (uk_url, usa_url) = (uk.base_url(), usa.base_url());
        Ok(Self {
            shopify_uk: ShopifyTwin::start(&world, Region::Uk, seed, usa_url, uk),
            shopify_usa: ShopifyTwin::start(&world, Region::Usa, seed, uk_url, usa),
            xero: XeroTwin::start(&world, seed, books),
            unleashed: UnleashedTwin::start(&world, seed, stores),
            microsoft_graph: MicrosoftGraphTwin::start(&world, seed, office),
            amazon_uk: AmazonTwin::start(&world, Region::Uk, seed, amazon_uk),
            amazon_usa: AmazonTwin::start(&world, Region::Usa, seed, amazon_usa),
            world,
            _tasks: tasks,
        })
    }

    /// The shop of the United Kingdom.
    pub fn shopify_uk(&self) -> &ShopifyTwin {
        &self.shopify_uk
    }

    /// The shop of the USA.
    pub fn shopify_usa(&self) -> &ShopifyTwin {
        &self.shopify_usa
    }

    /// The books.
    pub fn xero(&self) -> &XeroTwin {
        &self.xero
    }

    /// The warehouses and works.
    pub fn unleashed(&self) -> &UnleashedTwin {
        &self.unleashed
    }

    /// The office.
    pub fn microsoft_graph(&self) -> &MicrosoftGraphTwin {
        &self.microsoft_graph
    }

    /// Amazon's region Europe: the United Kingdom and Germany.
    pub fn amazon_uk(&self) -> &AmazonTwin {
        &self.amazon_uk
    }

    /// Amazon's region North America: the USA.
    pub fn amazon_usa(&self) -> &AmazonTwin {
        &self.amazon_usa
    }

    /// The clock of all twins; clones share its time.
    pub fn clock(&self) -> SandboxClock {
        self.world.clock.clone()
    }

    /// Lets the universe move on by a day's worth of changes, stamped with the clock's present.
    pub fn evolve(&self) -> Evolution {
        self.world.change(Universe::evolve)
    }

    /// Changes the universe in any way, stamped with the clock's present.
    pub fn change<T>(&self, change: impl FnOnce(&mut Universe) -> T) -> T {
        self.world.change(change)
    }

    /// Looks at the universe. Do not call the sandbox from within `look`: the universe is locked meanwhile.
    pub fn look<T>(&self, look: impl FnOnce(&Universe) -> T) -> T {
        look(&self.world.read())
    }
}
